#pragma once

#include "sim/scenario/access_log/fields.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sim::access_log {

/// A `log_format` of nginx: text with variables, `$name` or `${name}`.
class nginx_format {
public:
  /// Throws std::invalid_argument ("found …; allowed: …") for a format whose lines could not be read back: without a
  /// date or a request, or with two variables side by side.
  explicit nginx_format(std::string_view format);

  /// The values of a line, by the order of `names`; false if the line has another form. A value ends where the text
  /// that follows it in the format begins first: of text with a quote, behind escapes; of blanks, behind the blanks of
  /// lists ("a, b", "a : b"). One pass over the line.
  bool split(std::string_view line, std::vector<std::string_view>& values) const;

  std::vector<std::string> const& names() const { return names_; }
  bool has(std::string_view name) const;

private:
  std::vector<std::string> names_, texts_; // texts_[i] is before names_[i]; the last is behind all
};

}
