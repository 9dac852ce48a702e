#include "gateway/cache/targeted.hpp"

#include <algorithm>
#include <string>

namespace gateway::cache {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

/// Takes a Dictionary apart from its front.
class dictionary_reader {
public:
  explicit dictionary_reader(std::string_view text)
    : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  void skip(std::string_view blanks) { rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size())); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view key() {
    if (rest_.empty() || (!is_lower(rest_.front()) && rest_.front() != '*')) return {};
    return take_while([](char c) { return is_lower(c) || is_digit(c) || std::string_view("_-.*").find(c) != npos; });
  }

  enum class type { none, integer, other };
  /// A value without its parameters. `none`: there is none.
  type value(std::string_view& text) {
    if (rest_.empty()) return type::none;
    char const first = rest_.front();
    if (is_digit(first) || first == '-') return number(text);
    if (first == '"') return delimited('"') ? type::other : type::none;
    if (first == ':') return delimited(':') ? type::other : type::none;
    if (take('?')) return take('0') || take('1') ? type::other : type::none;
    if (!is_alpha(first) && first != '*') return type::none;
    take_while(
        [](char c) { return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~:/").find(c) != npos; });
    return type::other;
  }

private:
  static constexpr std::size_t npos = std::string_view::npos;

  template<class Passes>
  std::string_view take_while(Passes passes) {
    auto const end = std::find_if_not(rest_.begin(), rest_.end(), passes);
    std::string_view const taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  type number(std::string_view& text) {
    std::string_view const all = rest_;
    take('-');
    std::size_t const digits = take_while(is_digit).size();
    if (digits == 0 || digits > 15) return type::none;
    text = all.substr(0, all.size() - rest_.size());
    if (!take('.')) return type::integer;
    return take_while(is_digit).empty() ? type::none : type::other;
  }
  bool delimited(char end) {
    take(end);
    while (!rest_.empty()) {
      char const c = rest_.front();
      rest_.remove_prefix(1);
      if (c == end) return true;
      if (c == '\\' && !rest_.empty()) rest_.remove_prefix(1);
    }
    return false;
  }

  std::string_view rest_;
};

}

std::optional<answer_directives> parse_targeted(std::string_view field) {
  dictionary_reader in(field);
  std::string plain; // what counts, as Cache-Control has it
  in.skip(" ");
  if (in.at_end()) return std::nullopt;
  for (;;) {
    using type = dictionary_reader::type;
    std::string_view const key = in.key();
    if (key.empty()) return std::nullopt;
    std::string_view text;
    type const what = in.take('=') ? in.value(text) : type::other;
    if (what == type::none) return std::nullopt;
    while (in.take(';')) { // parameters, which mean nothing here
      in.skip(" ");
      if (in.key().empty()) return std::nullopt;
      std::string_view ignored;
      if (in.take('=') && in.value(ignored) == type::none) return std::nullopt;
    }
    // Of one with a value of another type than it should have, nothing counts (RFC 9213 2.1).
    bool const wants_number = key == "max-age" || key == "s-maxage" || key.starts_with("stale-");
    if (!wants_number || what == type::integer) {
      plain.append(plain.empty() ? "" : ",").append(key);
      if (wants_number) plain.append("=").append(text);
    }
    in.skip(" \t");
    if (in.at_end()) break;
    if (!in.take(',')) return std::nullopt;
    in.skip(" \t");
    if (in.at_end()) return std::nullopt; // a comma too many
  }
  answer_directives out;
  out.read(plain);
  return out;
}

}
