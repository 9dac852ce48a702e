#include "sim/studies/plan/limit.hpp"

#include "sim/studies/plan/bisection.hpp"

#include <algorithm>
#include <future>
#include <memory>
#include <tuple>

namespace sim::plan {
namespace {

told outcome_of(judgement const& j) {
  if (j.invalid) return told::unknown;
  return j.how == fate::accepted ? told::holds : told::fails;
}

}

ending limit_findings::how() const {
  auto const invalid = [&](std::size_t place) { return tried.at(place).invalid; };
  if (!answer) return !tried.empty() && invalid(tried.begin()->first) ? ending::untold : ending::nowhere;
  if (!beyond) return ending::at_end;
  return invalid(*beyond) ? ending::untold : ending::inside;
}

limit_findings find_limit(problem const& p, std::size_t places, evaluation const& evaluate,
                          limit_options const& options) {
  limit_findings found;
  bisection machine(places, options.probes);
  search_options one;
  one.stop = options.stop;
  while (auto const place = machine.next()) {
    auto judged = judge(p, evaluate, one, *place);
    if (!judged) {
      found.interrupted = true;
      break;
    }
    machine.tell(outcome_of(*judged));
    found.tried[*place] = std::move(*judged);
    found.order.push_back(*place);
    options.report({found.order.size(), machine.left(), machine.last(), machine.beyond()});
  }
  found.answer = machine.last();
  found.beyond = machine.beyond();
  found.reversals = machine.reversals();
  return found;
}

evaluation repeated_if_invalid(evaluation evaluate, std::uint32_t most) {
  return [evaluate = std::move(evaluate), most](std::size_t candidate, std::size_t circumstance,
                                                std::uint32_t replication) {
    run_values run;
    for (std::uint32_t n = 0; n < most; ++n) {
      run = evaluate(candidate, circumstance, replication);
      if (!run.invalid) return run;
    }
    run.refusal = "in each of " + std::to_string(most) + " runs: " + run.refusal;
    return run;
  };
}

evaluation run_ahead(evaluation evaluate, unsigned jobs, rule const& r) {
  using key = std::tuple<std::size_t, std::size_t, std::uint32_t>;
  auto const runs = std::make_shared<std::map<key, run_values>>();
  return [evaluate = std::move(evaluate), runs, jobs,
          most = r.replications](std::size_t candidate, std::size_t circumstance, std::uint32_t replication) {
    key const asked{candidate, circumstance, replication};
    if (auto const known = runs->find(asked); known != runs->end()) return known->second;
    runs->clear();
    std::uint32_t const end = std::min(most, replication + std::max(1u, jobs));
    std::vector<std::future<run_values>> under_way;
    for (std::uint32_t n = replication + 1; n < end; ++n)
      under_way.push_back(std::async(std::launch::async, evaluate, candidate, circumstance, n));
    (*runs)[asked] = evaluate(candidate, circumstance, replication);
    for (std::uint32_t n = replication + 1; n < end; ++n)
      (*runs)[{candidate, circumstance, n}] = under_way[n - replication - 1].get();
    return (*runs)[asked];
  };
}

}
