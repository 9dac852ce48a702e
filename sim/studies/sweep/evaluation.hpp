#pragma once

#include "sim/records/result.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sim::sweep {

/// What is kept of a trial's result.
struct evaluation {
  records::verdict verdict = records::verdict::passed;
  std::vector<std::string> reasons; // why it did not pass
  std::string history_hash;         // 16 hexadecimal digits; empty: a live run has none
  /// Of the whole run ("redirect_ratio"), of its phases when it has several ("latency_ms{phase:steady}",
  /// "redirect_ratio{phase:steady,reason:cold}"), of its groups and kinds of balancers likewise
  /// ("redirect_ratio{group:edge}"), and of its events ("convergence_s{event:joins}"), named as thresholds name them.
  records::metric_set metrics;
};

evaluation evaluation_of(records::result const& r);

/// Lossless both ways. `evaluation_from` throws nlohmann::json::exception for anything that `to_json` does not write.
nlohmann::ordered_json to_json(evaluation const& e);
evaluation evaluation_from(nlohmann::json const& written);

/// "passed", "failed", "invalid", "interrupted".
std::string_view verdict_name(records::verdict verdict);

}
