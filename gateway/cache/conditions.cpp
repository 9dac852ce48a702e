#include "gateway/cache/conditions.hpp"

#include "gateway/cache/date.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <charconv>

namespace gateway::cache {
namespace {

std::string_view opaque(std::string_view etag) { return is_weak(etag) ? etag.substr(2) : etag; }

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto const parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ptr != text.data() + text.size() || parsed.ec != std::errc{}) return std::nullopt;
  return value;
}

bool if_range_holds(std::string_view condition, validators const& stored, std::int64_t now_s) {
  if (condition.empty()) return true;
  if (condition.starts_with('"') || is_weak(condition)) return matches_strongly(condition, stored.etag);
  auto const date = parse_http_date(condition, now_s);
  // A strong validator only if nothing can have changed in the same second (RFC 9110 8.8.2.2).
  return date && stored.last_modified_s == date && stored.date_s && *stored.date_s > *date;
}

}

bool is_weak(std::string_view etag) { return etag.starts_with("W/"); }

bool matches_strongly(std::string_view a, std::string_view b) { return !a.empty() && !is_weak(a) && a == b; }

bool matches_weakly(std::string_view a, std::string_view b) { return !opaque(a).empty() && opaque(a) == opaque(b); }

bool is_not_modified(request_facts const& request, validators const& stored, std::int64_t now_s) {
  if (!request.if_none_match.empty()) {
    if (http::trimmed(request.if_none_match) == "*") return true;
    return http::any_in_quoted_list(request.if_none_match, false, [&](std::string_view etag) {
      return !etag.empty() && matches_weakly(etag, stored.etag);
    });
  }
  if (request.if_modified_since.empty()) return false;
  auto const since = parse_http_date(request.if_modified_since, now_s);
  auto const changed = stored.last_modified_s ? stored.last_modified_s : stored.date_s;
  return since && changed && *changed <= *since;
}

range_answer range_of(request_facts const& request, validators const& stored, std::uint64_t size, std::int64_t now_s) {
  std::string_view const range = http::trimmed(request.range);
  std::string_view const unit = "bytes=";
  if (!http::istarts_with(range, unit) || range.find(',') != std::string_view::npos) return {};
  if (!if_range_holds(request.if_range, stored, now_s)) return {};
  std::string_view const set = http::trimmed(range.substr(unit.size()));
  std::size_t const dash = set.find('-');
  if (dash == std::string_view::npos) return {};
  auto const first = number(set.substr(0, dash));
  auto const last = number(set.substr(dash + 1));
  bool const is_suffix = dash == 0;
  if (is_suffix) {
    if (!last) return {};
    if (*last == 0 || size == 0) return {range_answer::kind::unsatisfiable, {}};
    std::uint64_t const count = std::min(*last, size);
    return {range_answer::kind::part, {size - count, count}};
  }
  bool const is_open = dash + 1 == set.size();
  if (!first || (!is_open && (!last || *last < *first))) return {};
  if (*first >= size) return {range_answer::kind::unsatisfiable, {}};
  std::uint64_t const end = is_open ? size : std::min(*last, size - 1) + 1;
  return {range_answer::kind::part, {*first, end - *first}};
}

}
