#pragma once

#include <string>
#include <vector>

namespace reports {

/// Aligns columns: the first to the left, the others to the right.
class table {
public:
  /// A row without cells is a blank line.
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  /// Each row on a line that begins with `indent` and has no blanks at its end.
  std::string text(std::string const& indent) const;

private:
  std::vector<std::vector<std::string>> rows_;
};

}
