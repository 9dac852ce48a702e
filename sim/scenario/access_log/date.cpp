#include "sim/scenario/access_log/date.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>

namespace sim::access_log {
namespace {

constexpr std::array<std::string_view, 12> months = {"jan", "feb", "mar", "apr", "may", "jun",
                                                     "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr int first_year = 1970, last_year = 2199;
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr double last_second = 7258118400; // 2200 begins

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Parses text from the front; after the first mismatch `good` stays false.
struct reader {
  std::string_view rest;
  bool good = true;

  bool next_is(char c) const { return !rest.empty() && rest.front() == c; }
  void skip(char c) {
    good = good && next_is(c);
    if (good) rest.remove_prefix(1);
  }
  /// Exactly `count` digits.
  int number(std::size_t count) {
    good = good && rest.size() >= count &&
           std::all_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(count), is_digit);
    if (!good) return 0;
    int value = 0;
    for (char const c : rest.substr(0, count)) value = 10 * value + (c - '0');
    rest.remove_prefix(count);
    return value;
  }
  /// From 1.
  unsigned month_name() {
    std::string name(rest.substr(0, 3));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    auto const at = std::find(months.begin(), months.end(), name);
    good = good && at != months.end();
    if (!good) return 0;
    rest.remove_prefix(3);
    return static_cast<unsigned>(at - months.begin()) + 1;
  }
  /// ".123", if present; digits after the ninth are ignored.
  std::optional<std::int64_t> fraction() {
    if (!next_is('.') && !next_is(',')) return std::nullopt;
    rest.remove_prefix(1);
    good = good && !rest.empty() && is_digit(rest.front());
    std::int64_t ns = 0, unit = second_ns;
    while (!rest.empty() && is_digit(rest.front())) {
      unit /= 10;
      ns += (rest.front() - '0') * unit;
      rest.remove_prefix(1);
    }
    return ns;
  }
  /// "Z", "+hhmm" or "+hh:mm", in seconds.
  int zone() {
    if (next_is('Z') || next_is('z')) {
      rest.remove_prefix(1);
      return 0;
    }
    int const sign = next_is('-') ? -1 : 1;
    good = good && (next_is('-') || next_is('+'));
    if (good) rest.remove_prefix(1);
    int const hours = number(2);
    if (next_is(':')) rest.remove_prefix(1);
    int const minutes = number(2);
    good = good && hours <= 15 && minutes <= 59;
    return sign * (hours * 3600 + minutes * 60);
  }
};

struct clock_time {
  int hour = 0, minute = 0, second = 0;
};

clock_time time_of(reader& r) {
  clock_time t;
  t.hour = r.number(2);
  r.skip(':');
  t.minute = r.number(2);
  r.skip(':');
  t.second = r.number(2);
  r.good = r.good && t.hour <= 23 && t.minute <= 59 && t.second <= 60;
  return t;
}

}

std::variant<moment, no_moment> parse_date(std::string_view text) {
  reader r{text};
  bool const rfc3339 = text.size() > 4 && text[4] == '-';
  int year = 0, day = 0;
  unsigned month = 0;
  if (rfc3339) {
    year = r.number(4);
    r.skip('-');
    month = static_cast<unsigned>(r.number(2));
    r.skip('-');
    day = r.number(2);
    r.skip(r.next_is(' ') ? ' ' : r.next_is('t') ? 't' : 'T');
  } else {
    day = r.number(2);
    r.skip('/');
    month = r.month_name();
    r.skip('/');
    year = r.number(4);
    r.skip(':');
  }
  clock_time const t = time_of(r);
  auto const fraction = r.fraction();
  if (!rfc3339 || r.next_is(' ')) r.skip(' ');
  int const zone = r.zone();
  std::chrono::year_month_day const date(std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!r.good || !r.rest.empty() || !date.ok()) return no_moment::not_understood;
  if (year < first_year || year > last_year) return no_moment::out_of_range;
  std::int64_t const days = std::chrono::sys_days(date).time_since_epoch().count();
  std::int64_t const seconds = days * 86400 + t.hour * 3600 + t.minute * 60 + t.second - zone;
  return moment{seconds * second_ns + fraction.value_or(0), !fraction};
}

std::variant<moment, no_moment> date_of(double number) {
  if (!std::isfinite(number)) return no_moment::not_understood;
  double unit = 1; // of a second
  for (double const limit : {1e11, 1e14, 1e17})
    if (std::abs(number) >= limit) unit *= 1000;
  double const seconds = number / unit;
  if (seconds < 0 || seconds >= last_second) return no_moment::out_of_range;
  double const whole = std::floor(seconds);
  auto const ns = static_cast<std::int64_t>(whole) * second_ns +
                  static_cast<std::int64_t>(std::llround((seconds - whole) * 1e6)) * 1000; // a double has no more
  return moment{ns, unit <= 1 && !(seconds > whole)};
}

}
