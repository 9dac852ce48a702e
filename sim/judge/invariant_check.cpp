#include "sim/judge/invariant_check.hpp"

#include "sim/scenario/threshold.hpp"

#include <algorithm>
#include <utility>

namespace sim::judge {

using records::balancer_facts;

namespace {

scenario::violation_expectation const* expectation(balancer_facts const& b, std::string const& invariant) {
  if (!b.group) return nullptr;
  for (auto const& e : b.group->expect_violations)
    if (e.invariant == invariant) return &e;
  return nullptr;
}

}

invariant_check::invariant_check(records::run_view const& v, std::string name)
  : v_(v) {
  result_.name = std::move(name);
  for (balancer_facts const& b : v.balancers())
    if (expectation(b, result_.name)) expected_by_group_.emplace(b.group_key, 0);
}

bool invariant_check::count(std::uint32_t slot, std::vector<std::string_view> const& kinds) {
  for (std::string_view kind : kinds) ++result_.by_kind[std::string(kind)];
  std::uint16_t const b = slot == records::no_index ? records::no_balancer : v_.client(slot).balancer;
  if (b < v_.balancers().size() && expectation(v_.balancers()[b], result_.name)) {
    ++result_.expected_violations;
    ++expected_by_group_[v_.balancers()[b].group_key];
    return true;
  }
  ++result_.violations;
  return false;
}

std::string invariant_check::describe_slot(std::uint32_t slot) const {
  return slot == records::no_index ? "no client request" : describe(v_, slot);
}

void invariant_check::note(std::string const& text) { result_.note += (result_.note.empty() ? "" : "; ") + text; }

records::invariant_result invariant_check::finish() {
  result_.exercised = result_.checked != 0;
  result_.passed = result_.violations == 0;
  for (auto const& [group, count] : expected_by_group_) {
    auto const at = std::find_if(v_.balancers().begin(), v_.balancers().end(),
                                 [&, key = group](balancer_facts const& b) { return b.group_key == key; });
    auto const* e = expectation(*at, result_.name);
    if (scenario::holds(e->compare, static_cast<double>(count), e->bound)) continue;
    result_.passed = false;
    note("expected violations of " + at->name + ": found " + std::to_string(count) + ", expected " +
         std::string(scenario::symbol(e->compare)) + " " + std::to_string(static_cast<long long>(e->bound)));
  }
  for (std::string& example : expected_examples_)
    if (result_.examples.size() < max_examples) result_.examples.push_back("(expected) " + std::move(example));
  return std::move(result_);
}

}
