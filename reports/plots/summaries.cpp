#include "reports/plots/summaries.hpp"

#include "base/config/joined.hpp"
#include "reports/provenance.hpp"
#include "reports/read_summary.hpp"
#include "reports/wording.hpp"

#include <set>

namespace reports::plots {
namespace {

namespace fs = std::filesystem;
using sim::records::result;

std::string place_of(fs::path const& at) {
  std::error_code none;
  fs::path const directory = fs::absolute(fs::is_directory(at, none) ? at : at.parent_path()).lexically_normal();
  fs::path const name = directory.has_filename() ? directory.filename() : directory.parent_path().filename();
  return at.filename() == "summary.json" || fs::is_directory(at, none) ? name.string() : at.stem().string();
}

}

std::vector<named_result> read_summaries(order const& o) {
  if (o.results.empty() || o.results.size() > most_results)
    throw config::bad_input("--kind " + o.kind + ": found " + std::to_string(o.results.size()) +
                            " results; allowed: from 1 to " + std::to_string(most_results));
  std::vector<named_result> results;
  std::set<std::string> names;
  for (fs::path const& at : o.results) {
    auto r = read_summary(at);
    std::string const name = one_line(r.scenario);
    names.insert(name);
    results.push_back({name, std::move(r)});
  }
  if (names.size() != results.size())
    for (std::size_t i = 0; i != results.size(); ++i) results[i].name = place_of(o.results[i]);
  return results;
}

config::bad_input unknown_distribution(result const& r, order const& o) {
  std::vector<std::string> names;
  for (auto const& [name, metric] : r.metrics) {
    auto const* trend = std::get_if<sim::records::trend_metric>(&metric);
    if (trend != nullptr && !trend->percentiles.empty()) names.push_back(name);
  }
  return config::bad_input("--metric: found '" + o.metric + "'; allowed: " +
                           (names.empty() ? "none" : config::joined(names)) + config::did_you_mean(o.metric, names));
}

std::string caption_of(std::vector<named_result> const& results) {
  std::set<std::string> seeds, engines, scenarios;
  for (named_result const& r : results) {
    seeds.insert(std::to_string(r.result.seed));
    engines.insert(std::string(how(r.result.engine)));
    scenarios.insert(one_line(r.result.scenario));
  }
  std::string text =
      scenarios.size() == 1 ? "scenario " + *scenarios.begin() : std::to_string(scenarios.size()) + " scenarios";
  text += seeds.size() == 1 ? ", seed " + *seeds.begin() : ", " + std::to_string(seeds.size()) + " seeds";
  for (std::string const& e : engines) text += (e == *engines.begin() ? ", " : " and ") + e;
  return text;
}

std::string footer_of(std::vector<named_result> const& results) {
  std::set<std::string> origins, builds;
  for (named_result const& r : results)
    if (r.result.provenance) {
      origins.insert(origin_of(*r.result.provenance, r.result.engine));
      builds.insert(build_of(*r.result.provenance));
    }
  if (builds.size() > 1) return std::to_string(builds.size()) + " versions of crest-sim";
  if (origins.size() > 1) return *builds.begin();
  return origins.empty() ? "" : *origins.begin();
}

}
