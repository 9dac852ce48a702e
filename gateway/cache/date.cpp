#include "gateway/cache/date.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace gateway::cache {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};

/// Parses a date from its front; after the first mismatch everything fails.
class cursor {
public:
  explicit cursor(std::string_view text)
    : rest_(text) {}

  void literal(std::string_view expected) {
    good_ = good_ && rest_.starts_with(expected);
    if (good_) rest_.remove_prefix(expected.size());
  }
  bool one_of(auto const& names, unsigned& index) {
    for (unsigned i = 0; good_ && i != names.size(); ++i)
      if (rest_.starts_with(names[i])) {
        rest_.remove_prefix(names[i].size());
        index = i;
        return true;
      }
    return good_ = false;
  }
  int number(std::size_t digits) {
    int value = 0;
    good_ = good_ && rest_.size() >= digits;
    if (!good_) return 0;
    auto const parsed = std::from_chars(rest_.data(), rest_.data() + digits, value);
    good_ = rest_[0] != '-' && parsed.ptr == rest_.data() + digits;
    rest_.remove_prefix(digits);
    return value;
  }
  bool has_space() const { return rest_.starts_with(' '); }
  bool at_end() const { return good_ && rest_.empty(); }

private:
  std::string_view rest_;
  bool good_ = true;
};

struct parts {
  int year = 0, day = 0, hour = 0, minute = 0, second = 0;
  unsigned month = 0; // from 0
};

void read_time(cursor& in, parts& p) {
  p.hour = in.number(2);
  in.literal(":");
  p.minute = in.number(2);
  in.literal(":");
  p.second = in.number(2);
}

std::optional<std::int64_t> seconds_of(parts const& p) {
  using namespace std::chrono;
  year_month_day const date(year(p.year), month(p.month + 1), day(static_cast<unsigned>(p.day)));
  bool const is_time = p.hour < 24 && p.minute < 60 && p.second <= 60; // 60: a leap second
  if (!date.ok() || !is_time) return std::nullopt;
  return sys_days(date).time_since_epoch().count() * std::int64_t{86'400} + p.hour * 3'600 + p.minute * 60 + p.second;
}

std::optional<std::int64_t> imf_fixdate(std::string_view text) { // Sun, 06 Nov 1994 08:49:37 GMT
  cursor in(text);
  parts p;
  unsigned weekday = 0;
  in.one_of(days, weekday);
  in.literal(", ");
  p.day = in.number(2);
  in.literal(" ");
  in.one_of(months, p.month);
  in.literal(" ");
  p.year = in.number(4);
  in.literal(" ");
  read_time(in, p);
  in.literal(" Gmt");
  return in.at_end() ? seconds_of(p) : std::nullopt;
}

std::optional<std::int64_t> rfc850(std::string_view text, std::int64_t now_s) { // Sunday, 06-Nov-94 08:49:37 GMT
  cursor in(text);
  parts p;
  unsigned weekday = 0;
  in.one_of(long_days, weekday);
  in.literal(", ");
  p.day = in.number(2);
  in.literal("-");
  in.one_of(months, p.month);
  in.literal("-");
  p.year = in.number(2);
  in.literal(" ");
  read_time(in, p);
  in.literal(" Gmt");
  if (!in.at_end()) return std::nullopt;
  using namespace std::chrono;
  int const this_year = static_cast<int>(year_month_day(floor<std::chrono::days>(sys_seconds(seconds(now_s)))).year());
  p.year += this_year / 100 * 100;
  auto const seconds_then = seconds_of(p);
  parts fifty_years_on = p;
  fifty_years_on.year -= 50;
  auto const before = seconds_of(fifty_years_on);
  if (!before || *before <= now_s) return seconds_then;
  p.year -= 100; // RFC 9110 5.6.7: more than 50 years ahead it means the past
  return seconds_of(p);
}

std::optional<std::int64_t> asctime(std::string_view text) { // Sun Nov  6 08:49:37 1994
  cursor in(text);
  parts p;
  unsigned weekday = 0;
  in.one_of(days, weekday);
  in.literal(" ");
  in.one_of(months, p.month);
  in.literal(" ");
  if (in.has_space()) {
    in.literal(" ");
    p.day = in.number(1);
  } else {
    p.day = in.number(2);
  }
  in.literal(" ");
  read_time(in, p);
  in.literal(" ");
  p.year = in.number(4);
  return in.at_end() ? seconds_of(p) : std::nullopt;
}

/// One spelling for every name: a capital, then lower-case letters.
std::string with_capitals(std::string_view text) {
  std::string out(text);
  bool after_letter = false;
  for (char& c : out) {
    bool const is_small = c >= 'a' && c <= 'z';
    bool const is_capital = c >= 'A' && c <= 'Z';
    if (is_small && !after_letter) c = static_cast<char>(c - 'a' + 'A');
    if (is_capital && after_letter) c = static_cast<char>(c - 'A' + 'a');
    after_letter = is_small || is_capital;
  }
  return out;
}

}

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_s) {
  // "Mon", "mon" and "MON" are the same to a cache (RFC 9111 4.2).
  std::string const as_written = with_capitals(text);
  text = as_written;
  if (auto const seconds = imf_fixdate(text)) return seconds;
  if (auto const seconds = rfc850(text, now_s)) return seconds;
  return asctime(text);
}

std::string http_date(std::int64_t seconds) {
  using namespace std::chrono;
  sys_seconds const at{std::chrono::seconds(seconds)};
  auto const day = floor<std::chrono::days>(at);
  year_month_day const date(day);
  hh_mm_ss const time(at - day);
  char text[40];
  int const size =
      std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT", days[weekday(day).c_encoding()].data(),
                    static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1].data(),
                    static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
                    static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return std::string(text, static_cast<std::size_t>(size));
}

}
