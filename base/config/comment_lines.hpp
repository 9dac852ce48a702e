#pragma once

#include <string>
#include <string_view>

namespace config {

/// Adds `text` to `out` as lines of comments: `first` ("// ", "# - ") before the first, `others` before the rest. A
/// line is broken before a word with which it would be longer than 100 characters, and where the text has a line break.
void append_comment(std::string& out, std::string_view text, std::string_view first, std::string_view others);

}
