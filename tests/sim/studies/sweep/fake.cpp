#include "tests/sim/studies/sweep/fake.hpp"

#include "sim/load/stream.hpp"
#include "sim/studies/sweep/manifest.hpp"
#include "sim/studies/sweep/store.hpp"
#include "sim/studies/sweep/table.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>

namespace sweep_test {

namespace fs = std::filesystem;
using namespace sim;

records::result fake_result(scenario::scenario const& s) {
  std::uint64_t const drawn =
      load::mix(s.seed + 1000 * s.topology.balancers[0].count + 100 * s.topology.proxies.count) +
      load::mix(s.load.requests_per_character);
  std::uint64_t const requests = 1000 + s.load.requests_per_character, redirects = load::mix(drawn) % requests;
  double const ratio = static_cast<double>(redirects) / static_cast<double>(requests);
  records::result r;
  r.seed = s.seed;
  records::ratio_metric redirect_ratio{ratio, redirects, requests, {}, {}, "no theory"};
  if (s.topology.balancers[0].count > 1) {
    redirect_ratio.theory = ratio / 3;
    redirect_ratio.standard_error = 0.1;
  }
  double const ms = static_cast<double>(drawn % 1000) / 7;
  r.metrics = {{"redirect_ratio", redirect_ratio},
               {"redirect_ratio{reason:cold}", redirect_ratio},
               {"requests", records::counter_metric{static_cast<double>(requests)}},
               {"latency_ms", records::trend_metric{requests, ms, 2 * ms, 3 * ms, 4 * ms, 5 * ms, 6 * ms, ms, 0}}};
  r.phases = {{"warm-up", "", r.metrics, {}}, {"steady", "", r.metrics, {}}};
  for (scenario::event const& e : s.events) {
    records::event_result& of = r.events.emplace_back();
    of.name = e.name, of.kind = "kill";
    of.convergence_s = ms, of.peak_redirect_ratio = 0.5, of.convergence_requests = 12;
  }
  if (s.topology.proxies.count == 7) {
    r.verdict = records::verdict::failed;
    r.exit_code = records::exit_failed;
    r.reasons = {"a threshold, and its \"reason\"", "another"};
  }
  return r;
}

sweep::engine fake_engine() { return {"fake", fake_result, true}; }

scratch::scratch() {
  std::string name = (fs::temp_directory_path() / "crest-sweep-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch directory");
  path_ = name;
}

scratch::~scratch() {
  std::error_code none;
  fs::remove_all(path_, none);
}

fs::path scratch::file(std::string const& name, std::string const& text) const {
  std::ofstream(path_ / name, std::ios::binary) << text;
  return path_ / name;
}

std::string scenario_text(std::string const& axes, std::string const& keys) {
  return "{\"name\": \"sweep test\",\n" + (axes.empty() ? "" : "\"axes\": " + axes + ",\n") + keys +
         "\"topology\": {\"balancers\": [{\"kind\": \"gateway\"}], \"proxies\": {\"count\": 2}},\n"
         "\"load\": {\"kind\": \"closed\"}}\n";
}

std::string text_of(fs::path const& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string table_of(fs::path const& directory) {
  return text_of(directory / sweep::csv_name) + text_of(directory / sweep::json_lines_name);
}

std::string swept(sweep::definition const& d, fs::path const& directory, sweep::run_options const& options) {
  sweep::store const results(directory);
  sweep::run(d, fake_engine(), results, options);
  sweep::write_table(sweep::manifest_of(d), results);
  return table_of(directory);
}

}
