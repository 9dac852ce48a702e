#pragma once

#include "base/config/document.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace config {

/// Bad input that is collected, so that a person sees all of it at once; each line once. Not thread-safe.
class faults {
public:
  /// Runs `step` and keeps what it throws as `bad_input`, with `where` behind it; whether it threw nothing.
  template<class Step>
  bool good(Step&& step, std::string const& where = "") {
    try {
      step();
      return true;
    } catch (bad_input const& error) {
      add(error.what(), where);
      return false;
    }
  }

  /// A line that is there already is not added again, wherever else it occurred.
  void add(std::string const& line, std::string const& where = "") {
    if (std::find(lines_.begin(), lines_.end(), line) != lines_.end()) return;
    if (lines_.size() == most) return;
    lines_.push_back(line);
    where_.push_back(where);
  }

  /// Adds all of `others`.
  void add(faults const& others, std::string const& where = "") {
    for (std::size_t i = 0; i != others.size(); ++i) add(others.line(i), where);
  }

  bool empty() const { return lines_.empty(); }
  std::size_t size() const { return lines_.size(); }
  std::string line(std::size_t index) const { return lines_[index] + where_[index]; }

  /// Throws the first as `bad_input`, if there is any.
  void throw_first() const {
    if (!empty()) throw bad_input(line(0));
  }

  static constexpr std::size_t most = 100; // more are dropped: nobody reads them

private:
  std::vector<std::string> lines_, where_;
};

}
