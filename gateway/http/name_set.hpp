#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace gateway::http {

/// Names of fields, compared in any letter case (ASCII), as a sorted list of views: n names take n log n steps to sort
/// once, and log n to look one up, whoever chose them. Fill it, `seal` it, then query.
class name_set {
public:
  void add(std::string_view name) { names_.push_back(name); }
  void seal();
  bool contains(std::string_view name) const { return !names_.empty() && find(name); }
  bool empty() const { return names_.empty(); }

private:
  bool find(std::string_view name) const;

  std::vector<std::string_view> names_;
};

}
