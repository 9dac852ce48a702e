#include "tests/sim/studies/plan/planned.hpp"

#include <fstream>
#include <stdexcept>
#include <stdlib.h>

namespace plan_test {

std::string planned(std::string const& keys) {
  std::string const good = R"("goals": {"redirect_ratio": ["<0.2"], "utilisation": ["<0.8"]},
    "prices": {"balancers": 3, "proxies": 10},
    "space": {"topology.balancers.token_map": ["64k", "1m"], "topology.proxies.count": [2, 3, 4]})";
  std::string const section = keys == "-" ? "" : "\"plan\": {" + (keys.empty() ? good : keys) + "},\n";
  return "{\"name\": \"planned\",\n" + section +
         R"("topology": {"balancers": {"kind": "gateway", "count": 2, "token_map": "1m"},
  "proxies": {"count": 3, "servers": 2, "service_time": {"exponential": {"mean_ms": 10}}}, "sols": {"count": 1}},
"population": {"characters": 200, "logged_in": 0.1},
"load": {"kind": "poisson", "rate_rps": 400, "duration": "8s"},
"phases": [{"name": "warm-up", "until": "2s"}, {"name": "steady"}]}
)";
}

scratch_file::scratch_file(std::string const& text) {
  std::string name = (std::filesystem::temp_directory_path() / "crest-plan-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch directory");
  directory_ = name;
  std::ofstream(path(), std::ios::binary) << text;
}

scratch_file::~scratch_file() {
  std::error_code none;
  std::filesystem::remove_all(directory_, none);
}

}
