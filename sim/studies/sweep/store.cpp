#include "sim/studies/sweep/store.hpp"

#include "base/os/write_file.hpp"

#include <fstream>

namespace sim::sweep {
namespace {

using json = nlohmann::json;
using ordered = nlohmann::ordered_json;

}

std::filesystem::path store::file_of(std::string const& fingerprint) const {
  return directory_ / "points" / (fingerprint + ".json");
}

std::optional<evaluation> store::find(std::string const& fingerprint) const {
  std::ifstream in(file_of(fingerprint), std::ios::binary);
  if (!in) return std::nullopt;
  try {
    json const written = json::parse(in);
    if (written.at("fingerprint").get<std::string>() != fingerprint) return std::nullopt;
    return evaluation_from(written.at("evaluation"));
  } catch (json::exception const&) {
    return std::nullopt;
  }
}

void store::keep(std::string const& fingerprint, std::string const& scenario, evaluation const& e) const {
  ordered const written = {
      {"fingerprint", fingerprint}, {"scenario", ordered::parse(scenario)}, {"evaluation", to_json(e)}};
  os::write_file(file_of(fingerprint), written.dump(-1, ' ', false, ordered::error_handler_t::replace) + "\n");
}

}
