#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

/// The syntax of nginx's configurations: words, quotes, comments, blocks. What a directive means is not known here, but
/// that the block of one that ends in `_by_lua_block` is Lua. No I/O.
namespace config {

struct nginx_word {
  std::string text;               // as nginx reads it: without quotes and escapes
  std::size_t line = 0;           // from 1
  std::size_t begin = 0, end = 0; // of the whole text, quotes included
};

/// A name and what follows it up to `;`, `{` or the end of the text.
struct nginx_directive {
  static constexpr std::size_t top = std::numeric_limits<std::size_t>::max();

  std::vector<nginx_word> words;
  std::size_t parent = top;   // index of the directive in whose block it is
  bool has_block = false;     // Lua's blocks have no directives
  std::size_t inside = 0;     // behind its ';' or '{'
  std::size_t end = 0;        // behind its ';' or '}'
  std::size_t block_line = 0; // of its '}'

  std::string const& name() const { return words.front().text; }
  std::size_t begin() const { return words.front().begin; }
  std::size_t line() const { return words.front().line; }
  /// The word behind the name at `index`, from 0; empty if there is none.
  std::string_view argument(std::size_t index) const {
    return index + 1 < words.size() ? std::string_view(words[index + 1].text) : std::string_view();
  }
};

struct nginx_text {
  std::vector<nginx_directive> directives; // in order, each before those of its block
  std::string problem;                     // the first: why nginx would not read it; empty if it would
  std::size_t problem_line = 0;
};

/// Reads all of `text`, also behind a problem. Linear in its size.
nginx_text read_nginx(std::string_view text);

}
