#include "gateway/cache/session_facts.hpp"

#include "gateway/http/fields.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gateway::cache {
namespace {

std::int64_t ms_of(moment m) { return m.steady_ns / 1'000'000; }

}

session_facts::session_facts(std::vector<std::string> names, std::int64_t max_age_ns, std::size_t budget)
  : names_(std::move(names))
  , max_age_ms_(max_age_ns / 1'000'000)
  , map_(map::with_budget(budget)) {}

fact_values session_facts::read(http::message_head const& head, char const* base, variant_keys const& keys) const {
  fact_values values{};
  for (http::field_line const& line : head.fields)
    for (std::size_t i = 0; i != names_.size(); ++i)
      if (http::iequals(line.name.in(base), names_[i]))
        values[i] = values[i] == 0 ? keys.fact(line.value.in(base))
                                   : keys.fact(std::to_string(values[i]).append(",").append(line.value.in(base)));
  return values;
}

void session_facts::learn(http::token_digest const& token, fact_values const& said, moment asked) {
  if (said == fact_values{}) return;
  known fresh;
  std::memcpy(fresh.values, said.data(), sizeof fresh.values);
  std::int64_t const at_ms = ms_of(asked);
  fresh.asked_ms = packed_time::of(at_ms);
  map_.learn(token, fresh, [&](known const& old) { return at_ms < old.asked_ms.get(); });
}

fact_values session_facts::find(http::token_digest const& token, moment now) {
  fact_values values{};
  known const* const found = map_.find(token);
  if (found && ms_of(now) - found->asked_ms.get() < max_age_ms_)
    std::memcpy(values.data(), found->values, sizeof values);
  return values;
}

}
