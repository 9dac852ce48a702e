#include "gateway/cache/directives.hpp"

#include "gateway/http/fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace gateway::cache {
namespace {

struct directive {
  std::string_view name;
  std::optional<std::string> argument;
  bool malformed = false; // its argument is not reliable
};

constexpr std::string_view token_characters =
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"; // RFC 9110 5.6.2

/// Calls `visit` for each directive: `name`, `name=token` or `name="quoted"` (RFC 9111 5.2: either form is accepted). A
/// comma within quotes does not separate.
template<class Visit>
void for_each_directive(std::string_view field, Visit visit) {
  std::size_t at = 0;
  while (at < field.size()) {
    directive next;
    std::size_t const name_end = std::min(field.find_first_of("=,", at), field.size());
    std::string_view const raw = field.substr(at, name_end - at);
    // If it is not a token, its beginning counts for directives that forbid; `private; max-age=5` forbids.
    std::string_view const written = http::trimmed(raw);
    next.name = written.substr(0, std::min(written.find_first_not_of(token_characters), written.size()));
    next.malformed = next.name.size() != written.size();
    at = name_end;
    if (at < field.size() && field[at] == '=') {
      next.malformed = next.malformed || raw.ends_with(' ') || raw.ends_with('\t');
      ++at;
      std::string argument;
      if (at < field.size() && field[at] == '"') {
        bool closed = false;
        for (++at; at < field.size() && !closed; ++at) {
          if (field[at] == '"')
            closed = true;
          else if (field[at] == '\\' && at + 1 < field.size())
            argument += field[++at];
          else
            argument += field[at];
        }
        std::size_t const comma = std::min(field.find(',', at), field.size());
        next.malformed = next.malformed || !closed || !http::trimmed(field.substr(at, comma - at)).empty();
        at = comma;
      } else {
        std::size_t const comma = std::min(field.find(',', at), field.size());
        std::string_view const token = field.substr(at, comma - at);
        argument = http::trimmed(token);
        next.malformed = next.malformed || token.starts_with(' ') || token.starts_with('\t');
        at = comma;
      }
      next.argument = std::move(argument);
    }
    ++at; // the comma
    if (!next.name.empty()) visit(next);
  }
}

std::optional<std::int64_t> seconds_in(directive const& d) {
  return d.argument && !d.malformed ? parse_delta_seconds(*d.argument) : std::nullopt;
}

}

std::optional<std::int64_t> parse_delta_seconds(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t value = 0;
  auto const parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc{} ? std::min(value, longest_s) : longest_s;
}

void request_directives::read(std::string_view field) {
  for_each_directive(field, [this](directive const& d) {
    if (http::iequals(d.name, "no-cache"))
      no_cache = true;
    else if (http::iequals(d.name, "no-store"))
      no_store = true;
    else if (http::iequals(d.name, "only-if-cached"))
      only_if_cached = true;
    else if (http::iequals(d.name, "max-age") && !max_age)
      max_age = seconds_in(d); // one that is not understood has no effect
    else if (http::iequals(d.name, "min-fresh") && !min_fresh)
      min_fresh = seconds_in(d);
    else if (http::iequals(d.name, "max-stale") && !max_stale)
      max_stale = d.argument ? seconds_in(d) : longest_s;
  });
}

void answer_directives::read(std::string_view field) {
  struct flag {
    std::string_view name;
    bool answer_directives::*member;
  };
  static constexpr std::array<flag, 6> flags{{{"no-store", &answer_directives::no_store},
                                              {"public", &answer_directives::is_public},
                                              {"must-revalidate", &answer_directives::must_revalidate},
                                              {"proxy-revalidate", &answer_directives::proxy_revalidate},
                                              {"must-understand", &answer_directives::must_understand},
                                              {"immutable", &answer_directives::immutable}}};
  for_each_directive(field, [this](directive const& d) {
    for (flag const& f : flags)
      if (http::iequals(d.name, f.name)) {
        bool const allows =
            f.member == &answer_directives::is_public || f.member == &answer_directives::must_understand;
        this->*f.member = this->*f.member || !d.malformed || !allows;
        return;
      }
    if (http::iequals(d.name, "max-age")) {
      if (!max_age) max_age = seconds_in(d).value_or(0);
    } else if (http::iequals(d.name, "s-maxage")) {
      if (!s_maxage) s_maxage = seconds_in(d).value_or(0);
    } else if (http::iequals(d.name, "stale-while-revalidate")) {
      if (!stale_while_revalidate) stale_while_revalidate = seconds_in(d);
    } else if (http::iequals(d.name, "stale-if-error")) {
      if (!stale_if_error) stale_if_error = seconds_in(d);
    } else if (bool const priv = http::iequals(d.name, "private"); priv || http::iequals(d.name, "no-cache")) {
      std::size_t const before = withheld.size();
      if (d.argument && !d.malformed)
        http::any_in_list(*d.argument, [this](std::string_view name) {
          withheld.push_back(http::lower_case(name));
          return false;
        });
      if (withheld.size() == before) (priv ? is_private : no_cache) = true; // names none: all of them
    }
  });
}

}
