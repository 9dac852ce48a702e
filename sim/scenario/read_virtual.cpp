#include "base/config/document.hpp"
#include "sim/scenario/load.hpp"
#include "sim/scenario/reading.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>
#include <vector>

namespace sim::scenario {
namespace {

constexpr double longest_ms = 86'400'000;

nanoseconds from_ms(double ms) { return nanoseconds(std::llround(ms * 1e6)); }

/// The curve of a metric's percentiles in the summary of a run, with straight lines between its points.
std::vector<nanoseconds> times_of_summary(std::filesystem::path const& file, std::string const& metric) {
  config::document const summary = config::document::load(file);
  nlohmann::json::json_pointer const place = nlohmann::json::json_pointer("/metrics") / metric / "percentiles";
  if (!summary.root().contains(place))
    throw config::bad_input(file.string() + ": found no metrics." + metric +
                            ".percentiles; allowed: the summary.json of a run, and one of its durations");
  std::vector<std::pair<double, double>> curve; // percent, ms
  for (nlohmann::json const& point : summary.root().at(place)) {
    bool const good = point.is_array() && point.size() == 2 && point[0].is_number() && point[1].is_number();
    if (good) curve.emplace_back(point[0].get<double>(), point[1].get<double>());
    bool const rises = curve.size() < 2 || (curve.rbegin()[0].first >= curve.rbegin()[1].first &&
                                            curve.rbegin()[0].second >= curve.rbegin()[1].second);
    if (!good || !rises || !(curve.back().second >= 0 && curve.back().second <= longest_ms))
      throw summary.error_at(place, "found a list that is no curve; allowed: [percent, milliseconds], both rising");
  }
  if (curve.size() < 2) throw summary.error_at(place, "found fewer than two percentiles; allowed: a run with requests");
  constexpr std::size_t steps = 10'000;
  std::vector<nanoseconds> times;
  times.reserve(steps + 1);
  std::size_t next = 1;
  for (std::size_t i = 0; i <= steps; ++i) {
    double const percent = 100.0 * static_cast<double>(i) / steps;
    while (next + 1 < curve.size() && curve[next].first < percent) ++next;
    auto const [low, low_ms] = curve[next - 1];
    auto const [high, high_ms] = curve[next];
    double const part = high > low ? std::clamp((percent - low) / (high - low), 0.0, 1.0) : 1.0;
    times.push_back(from_ms(low_ms + part * (high_ms - low_ms)));
  }
  return times;
}

/// A time in milliseconds on each line that is not empty and does not begin with '#'.
std::vector<nanoseconds> times_of_lines(std::filesystem::path const& file) {
  std::vector<nanoseconds> times;
  std::ifstream in(file);
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    std::size_t const first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos || line[first] == '#') continue;
    char* end = nullptr;
    double const ms = std::strtod(line.c_str() + first, &end);
    bool const rest = std::string_view(end).find_first_not_of(" \t\r") != std::string_view::npos;
    if (end == line.c_str() + first || rest || !(ms >= 0 && ms <= longest_ms)) {
      throw config::bad_input(file.string() + ":" + std::to_string(number) + ": found '" + line +
                              "'; allowed: a time in milliseconds from 0 to 86400000");
    }
    times.push_back(from_ms(ms));
  }
  if (times.size() < 2) {
    throw config::bad_input(file.string() + ": found " + std::to_string(times.size()) +
                            " times; allowed: two or more, one a line, in milliseconds");
  }
  std::sort(times.begin(), times.end());
  return times;
}

empirical_time read_empirical(cursor const& at, std::filesystem::path const& directory) {
  std::filesystem::path const file = existing_file(at["file"], directory);
  bool const summary = file.extension() == ".json";
  if (at.has("metric") && !summary)
    at["metric"].fail("found a metric of a file of times; allowed: with the summary.json of a run");
  return {summary ? times_of_summary(file, at.text("metric", "latency_ms")) : times_of_lines(file)};
}

void read_profile(cursor const& at, std::filesystem::path const& directory, virtual_settings& settings) {
  if (at.has("network")) {
    cursor const network = at["network"];
    if (network.has("client")) settings.client_delay = read_law(network["client"], directory);
    if (network.has("proxy")) settings.proxy_delay = read_law(network["proxy"], directory);
    if (network.has("rpc")) settings.rpc_delay = read_law(network["rpc"], directory);
    if (network.has("redis")) settings.redis_delay = read_law(network["redis"], directory);
    settings.loss = network.number("loss", settings.loss);
    settings.retransmit = network.duration("retransmit", settings.retransmit);
  }
  if (at.has("balancer")) {
    cursor const balancer = at["balancer"];
    if (balancer.has("service_time")) settings.balancer_time = read_law(balancer["service_time"], directory);
  }
  settings.start_time = at.duration("start_time", settings.start_time);
  settings.warm_up = at.duration("warm_up", settings.warm_up);
  settings.failover = at.flag("failover", settings.failover);
}

}

service_time read_law(cursor const& at, std::filesystem::path const& directory) {
  std::string const law = at.value().begin().key(); // the schema has made sure that there is one
  cursor const parameters = at[law];
  if (law == "empirical") return read_empirical(parameters, directory);
  nanoseconds const mean = from_ms(parameters.number("mean_ms", 0));
  if (law == "exponential") return exponential_time{mean};
  if (law == "lognormal") return lognormal_time{mean, parameters.number("sigma", 0)};
  if (law == "pareto") return pareto_time{mean, parameters.number("alpha", 2)};
  if (law == "constant") return constant_time{mean};
  at.fail("found the law \"" + law + "\"; allowed: constant, exponential, lognormal, pareto, empirical");
}

virtual_settings read_virtual(cursor const& root, std::filesystem::path const& directory) {
  virtual_settings settings;
  if (!root.has("virtual")) return settings;
  cursor const at = root["virtual"];
  if (at.has("profile")) {
    std::filesystem::path const file = existing_file(at["profile"], directory);
    config::document const profile = config::document::load(file);
    nlohmann::json const& whole = nlohmann::json::parse(scenario_schema);
    nlohmann::json schema = whole.at("properties").at("virtual");
    schema["$defs"] = whole.at("$defs");
    for (char const* of_a_scenario : {"profile", "partitions"}) schema["properties"].erase(of_a_scenario);
    schema["properties"]["measured"] = {{"type", "object"}, {"description", "How the profile came about."}};
    profile.validate(schema);
    read_profile(cursor(profile, profile.root(), nlohmann::json::json_pointer()), file.parent_path(), settings);
  }
  read_profile(at, directory, settings);
  return settings;
}

}
