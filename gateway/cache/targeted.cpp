#include "gateway/cache/targeted.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace gateway::cache {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

/// Parses a Dictionary from its front.
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

  enum class type { none, integer, no, yes, other };
  /// A member's value; `text`: of an integer. `none`: it is none that RFC 9651 knows.
  type member(std::string_view& text) {
    if (!take('(')) return item(text);
    for (;;) { // an inner list
      skip(" ");
      if (take(')')) return parameters() ? type::other : type::none;
      std::string_view ignored;
      if (item(ignored) == type::none || rest_.empty() || (rest_.front() != ' ' && rest_.front() != ')'))
        return type::none;
    }
  }

  /// Parameters have no meaning here. False: they are malformed.
  bool parameters() {
    while (take(';')) {
      skip(" ");
      std::string_view ignored;
      if (key().empty() || (take('=') && bare(ignored) == type::none)) return false;
    }
    return true;
  }

private:
  static constexpr std::size_t npos = std::string_view::npos;

  type item(std::string_view& text) {
    type const what = bare(text);
    return what == type::none || !parameters() ? type::none : what;
  }
  type bare(std::string_view& text) {
    if (rest_.empty()) return type::none;
    char const first = rest_.front();
    if (is_digit(first) || first == '-') return number(text);
    if (take('"')) return string() ? type::other : type::none;
    if (take(':')) return bytes() ? type::other : type::none;
    if (take('?')) return take('0') ? type::no : take('1') ? type::yes : type::none;
    if (!is_alpha(first) && first != '*') return type::none;
    take_while(
        [](char c) { return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~:/").find(c) != npos; });
    return type::other;
  }

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
    std::size_t const decimals = take_while(is_digit).size();
    return digits <= 12 && decimals >= 1 && decimals <= 3 ? type::other : type::none;
  }
  /// After the first quote.
  bool string() {
    for (;;) {
      take_while([](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
      if (take('"')) return true;
      if (!take('\\') || (!take('"') && !take('\\'))) return false;
    }
  }
  /// After the first colon.
  bool bytes() {
    take_while([](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '/'; });
    take_while([](char c) { return c == '='; });
    return take(':');
  }

  std::string_view rest_;
};

}

std::optional<answer_directives> parse_targeted(std::string_view field) {
  using type = dictionary_reader::type;
  struct directive {
    std::string_view key, text;
    type what;
  };
  std::vector<directive> all;
  dictionary_reader in(field);
  in.skip(" ");
  if (in.at_end()) return std::nullopt;
  for (;;) {
    directive next{in.key(), {}, type::yes};
    if (next.key.empty()) return std::nullopt;
    if (in.take('='))
      next.what = in.member(next.text);
    else if (!in.parameters())
      return std::nullopt;
    if (next.what == type::none) return std::nullopt;
    all.push_back(next);
    in.skip(" \t");
    if (in.at_end()) break;
    if (!in.take(',')) return std::nullopt;
    in.skip(" \t");
    if (in.at_end()) return std::nullopt; // a comma too many
  }
  // Of several members with one key the last counts (RFC 9651 3.2). The order of members has no meaning.
  std::stable_sort(all.begin(), all.end(), [](directive const& a, directive const& b) { return a.key < b.key; });
  auto const last = std::unique(all.rbegin(), all.rend(), [](auto const& a, auto const& b) { return a.key == b.key; });
  all.erase(all.begin(), last.base());
  // As for Cache-Control. A member whose value has the wrong type is ignored (RFC 9213 2.1), unless it forbids
  // something.
  std::string plain;
  for (directive const& d : all) {
    bool const wants_number = d.key == "max-age" || d.key == "s-maxage" || d.key.starts_with("stale-");
    bool const permits = d.key == "public" || d.key == "immutable" || d.key == "must-understand";
    bool const counts = wants_number ? d.what == type::integer : permits ? d.what == type::yes : d.what != type::no;
    if (!counts) continue;
    plain.append(plain.empty() ? "" : ",").append(d.key);
    if (wants_number) plain.append("=").append(d.text);
  }
  answer_directives out;
  out.read(plain);
  return out;
}

}
