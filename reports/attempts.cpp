#include "reports/attempts.hpp"

#include <nlohmann/json.hpp>

namespace reports {

using sim::records::attempt_facts;
using sim::records::invalid_attempt;

nlohmann::ordered_json to_json(attempt_facts const& a) {
  auto invalid = nlohmann::ordered_json::array();
  for (invalid_attempt const& one : a.invalid)
    invalid.push_back({{"reasons", one.reasons}, {"duration_s", one.duration_s}});
  return {{"count", a.count()}, {"most", a.most}, {"invalid", std::move(invalid)}};
}

attempt_facts attempts_from(nlohmann::json const& written) {
  attempt_facts a;
  a.most = written.at("most");
  for (auto const& one : written.at("invalid"))
    a.invalid.push_back({one.at("reasons").get<std::vector<std::string>>(), one.at("duration_s").get<double>()});
  return a;
}

std::string count_text(attempt_facts const& a) {
  return std::to_string(a.count()) + " of at most " + std::to_string(a.most);
}

std::string attempt_text(sim::records::result const& r) {
  return r.attempts && !r.attempts->invalid.empty() ? "attempt " + count_text(*r.attempts) : "";
}

}
