#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace config {

/// A value and the line of each of its parts, by JSON pointer (for a member: the line of its key).
struct positioned_value {
  nlohmann::json root;
  std::map<std::string, std::size_t> lines;
};

/// Nesting beyond this is refused: nobody writes it by hand.
inline constexpr std::size_t max_depth = 64;

/// Parses strict JSON with comments. Throws `bad_input` whose text begins with `name`.
positioned_value read_text(std::string_view text, std::string const& name);

}
