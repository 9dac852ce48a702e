#include "fakeproxy/resources/conditions.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace fakeproxy::resources {

using boost::beast::iequals;

namespace {

constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_padded(std::string& out, int value, int digits) {
  for (int unit = digits == 4 ? 1000 : 10; unit != 0; unit /= 10) out += static_cast<char>('0' + value / unit % 10);
}

std::string_view opaque(std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; }

/// Cuts the first entity tag off `list`; empty at the end of the list, or if it does not parse.
std::string_view next_tag(std::string_view& list) {
  list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
  std::size_t const quote = list.starts_with("W/") ? 2 : 0;
  if (quote >= list.size() || list[quote] != '"') return {};
  std::size_t const end = list.find('"', quote + 1);
  if (end == std::string_view::npos) return {};
  std::string_view const tag = list.substr(0, end + 1);
  list.remove_prefix(tag.size());
  return tag;
}

bool lists(std::string_view list, std::string_view etag) {
  if (list == "*") return true;
  for (std::string_view tag = next_tag(list); !tag.empty(); tag = next_tag(list))
    if (!etag.empty() && opaque(tag) == opaque(etag)) return true;
  return false;
}

}

bool is_not_modified(std::span<request_field const> fields, representation const& present) {
  bool tags = false;
  bool matched = false;
  unsigned dates = 0;
  std::optional<std::int64_t> since;
  for (request_field const& field : fields) {
    if (iequals(field.name, "if-none-match")) {
      tags = true;
      matched = matched || lists(field.value, present.etag);
    } else if (iequals(field.name, "if-modified-since")) {
      ++dates;
      since = parse_http_date(field.value);
    }
  }
  if (tags) return matched;
  return dates == 1 && since && present.last_modified && *present.last_modified <= *since;
}

void append_http_date(std::string& out, std::int64_t seconds) {
  using namespace std::chrono;
  sys_seconds const when{std::chrono::seconds(seconds)};
  auto const midnight = floor<std::chrono::days>(when);
  year_month_day const date(midnight);
  hh_mm_ss const time(when - midnight);
  out += days[weekday(midnight).c_encoding()];
  out += ", ";
  append_padded(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  out += ' ';
  out += months[static_cast<unsigned>(date.month()) - 1];
  out += ' ';
  append_padded(out, static_cast<int>(date.year()), 4);
  out += ' ';
  append_padded(out, static_cast<int>(time.hours().count()), 2);
  out += ':';
  append_padded(out, static_cast<int>(time.minutes().count()), 2);
  out += ':';
  append_padded(out, static_cast<int>(time.seconds().count()), 2);
  out += " GMT";
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  using namespace std::chrono;
  constexpr std::size_t length = 29;
  if (text.size() != length) return std::nullopt;
  auto const number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
  };
  auto const month = std::find(months.begin(), months.end(), text.substr(8, 3)) - months.begin() + 1;
  year_month_day const date(year(number(12, 4)), std::chrono::month(static_cast<unsigned>(month)),
                            day(static_cast<unsigned>(number(5, 2))));
  if (!date.ok()) return std::nullopt;
  sys_seconds const when = sys_days(date) + hours(number(17, 2)) + minutes(number(20, 2)) + seconds(number(23, 2));
  std::int64_t const parsed = when.time_since_epoch().count();
  std::string again; // formatted again, any other invalid date comes out differently
  append_http_date(again, parsed);
  return again == text ? std::optional(parsed) : std::nullopt;
}

}
