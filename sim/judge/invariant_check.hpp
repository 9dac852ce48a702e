#pragma once

#include "sim/records/result.hpp"
#include "sim/records/run_view.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sim::judge {

/// Collects what one invariant finds, and decides it: violations of balancers that declare them are counted apart, and
/// are then required (`expect_violations`).
class invariant_check {
public:
  invariant_check(records::run_view const& v, std::string name);

  void checked(std::uint64_t count = 1) { result_.checked += count; }

  /// One violation by request slot `slot` (`no_index`: of no request). Several kinds may be broken at once.
  /// `example` is called only while examples are still wanted: it returns what was sent and what arrived.
  template<class Example>
  void violation(std::uint32_t slot, std::vector<std::string_view> const& kinds, Example example) {
    bool const expected = count(slot, kinds);
    auto& list = expected ? expected_examples_ : result_.examples;
    if (list.size() < max_examples) list.push_back(describe_slot(slot) + ": " + example());
  }

  /// Adds to the note: what could not be checked.
  void note(std::string const& text);

  /// The verdict. Call once, at the end.
  records::invariant_result finish();

private:
  static constexpr std::size_t max_examples = 10;
  bool count(std::uint32_t slot, std::vector<std::string_view> const& kinds);
  std::string describe_slot(std::uint32_t slot) const;

  records::run_view const& v_;
  records::invariant_result result_;
  std::vector<std::string> expected_examples_;
  std::map<std::size_t, std::uint64_t> expected_by_group_; // by balancer_facts::group_key, of groups that declare
};

}
