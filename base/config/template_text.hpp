#pragma once

#include "base/config/faults.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Templates of other programs' configurations and command lines: text with placeholders, `{{name}}`. No I/O.
namespace config {

/// A placeholder in a text.
struct placeholder {
  std::string name; // as written, between the braces
  std::size_t line = 0;
  std::size_t begin = 0, end = 0; // of the text, braces included
};

/// All placeholders, in order. A name has letters, digits, `_` and blanks around it; anything else in double braces is
/// the program's own (Lua's `{{1, 2}, {3}}`). A line whose first sign is `#` is a comment, and has none.
std::vector<placeholder> placeholders_in(std::string_view text);

/// What placeholders stand for, by their names. A value is not looked at for placeholders again.
struct template_values {
  /// Asked for where a template has the placeholder, and may throw then. May have several lines.
  using value = std::function<std::string()>;
  std::map<std::string, value, std::less<>> once;
  /// Of each of several things, which all have the same names. A line, or a word of a command, that has one of these
  /// names is there once for each of them.
  std::vector<std::map<std::string, std::string, std::less<>>> each;

  std::vector<std::string> names() const;
  bool has(std::string_view name) const;
};

/// Placeholders of which a template must have one, and why, as in "found no {{listen}}, WHY".
struct needed_placeholder {
  std::vector<std::string> any_of;
  std::string why;
};

/// Adds a line for each placeholder of `text` that `values` does not have, `FILE:LINE: found …; allowed: …`, and for
/// each that is missing.
void check_placeholders(std::string_view text, std::string const& file, template_values const& values,
                        std::vector<needed_placeholder> const& needed, faults& found);

/// The same for the words of a command, none of which is a comment; lines begin with `where`.
void check_words(std::vector<std::string> const& words, std::string const& where, template_values const& values,
                 faults& found);

/// A template with values in the places of its placeholders.
struct filled_text {
  std::string text;
  std::vector<std::size_t> lines; // of each line of `text`: the template's line that it comes from
};

/// Each line of the result ends in a line feed. Throws `bad_input`, which begins with `FILE:LINE`, for an unknown
/// placeholder.
filled_text fill(std::string_view text, std::string const& file, template_values const& values);

/// The words of a command, filled. Throws `bad_input`, which begins with `where`.
std::vector<std::string> fill_words(std::vector<std::string> const& words, std::string const& where,
                                    template_values const& values);

}
