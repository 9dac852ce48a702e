#include "reports/wording.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>

namespace reports {

std::string_view verdict_name(sim::records::verdict verdict) {
  switch (verdict) {
  case sim::records::verdict::passed:
    return "passed";
  case sim::records::verdict::failed:
    return "failed";
  case sim::records::verdict::invalid:
    return "invalid";
  case sim::records::verdict::interrupted:
    return "interrupted";
  case sim::records::verdict::error:
    return "error";
  }
  return "failed";
}

std::string verdict_because(sim::records::verdict verdict, std::string const& reason) {
  std::string const name(verdict_name(verdict));
  return one_line(reason.starts_with(name) ? reason : name + ": " + reason);
}

std::string counts_of(std::vector<sim::records::verdict> const& verdicts) {
  std::map<sim::records::verdict, std::size_t> counts;
  for (sim::records::verdict const v : verdicts) ++counts[v];
  std::string text;
  for (auto const& [verdict, count] : counts)
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(verdict_name(verdict));
  return text;
}

std::string violations_text(sim::records::invariant_result const& i) {
  if (i.violations == 0 && !i.note.empty()) return i.note;
  return std::to_string(i.violations) + " violations in " + std::to_string(i.checked) + " checks";
}

std::string padded(std::string text, std::size_t width) {
  text.append(width > text.size() ? width - text.size() : 0, ' ');
  return text;
}

std::string cut(std::string text, std::size_t longest) {
  if (text.size() <= longest) return text;
  std::size_t at = longest;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u) --at;
  return text.substr(0, at) + "...";
}

std::string fixed(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string short_number(double value) {
  double const size = std::abs(value);
  if (size >= 1e15) {
    char text[64];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
  }
  if (std::floor(size) >= size || size >= 1000) return fixed(value, 0);
  return fixed(value, size >= 100 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 4 : size >= 0.01 ? 5 : 6);
}

std::string file_name(std::string const& path) { return std::filesystem::path(path).filename().string(); }

std::string difference(sim::records::ratio_metric const& ratio) {
  if (!ratio.theory || !ratio.standard_error) return "";
  double const apart = ratio.value - *ratio.theory;
  if (*ratio.standard_error > 0) return (apart < 0 ? "" : "+") + fixed(apart / *ratio.standard_error, 2) + " se";
  return std::abs(apart) < 1e-12 ? "exact" : "not exact";
}

namespace {

/// The number of bytes of the character at the front of `text`; 0 if there is none.
std::size_t character_bytes(std::string_view text) {
  auto const byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto const between = [](unsigned c, unsigned low, unsigned high) { return c >= low && c <= high; };
  auto const goes_on = [&](std::size_t i) { return between(byte(i), 0x80, 0xbf); };
  unsigned const c = byte(0), d = byte(1);
  if (c < 0x80) return 1;
  if (between(c, 0xc2, 0xdf)) return goes_on(1) ? 2 : 0;
  if (between(c, 0xe0, 0xef)) {
    bool const surrogate = c == 0xed && d > 0x9f, too_long = c == 0xe0 && d < 0xa0,
               none = c == 0xef && d == 0xbf && byte(2) >= 0xbe;
    return goes_on(1) && goes_on(2) && !surrogate && !too_long && !none ? 3 : 0;
  }
  bool const in_range = (c == 0xf0 && d >= 0x90) || between(c, 0xf1, 0xf3) || (c == 0xf4 && d <= 0x8f);
  return in_range && goes_on(1) && goes_on(2) && goes_on(3) ? 4 : 0;
}

}

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t const size = character_bytes(text);
    out += size == 0 ? "?" : text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

std::string one_line(std::string_view text) {
  std::string const whole = valid_utf8(text);
  std::string line;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto const byte = static_cast<unsigned char>(whole[at]);
    // U+0080 to U+009F are control characters, too, and terminals obey them.
    bool const second_set = byte == 0xc2 && static_cast<unsigned char>(whole[at + 1]) < 0xa0;
    if (second_set) ++at;
    line += byte < 0x20 || byte == 0x7f || second_set ? ' ' : whole[at];
  }
  return line;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t const end = std::min(text.find('\n'), text.size());
    out += one_line(text.substr(0, end));
    if (end < text.size()) out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string hexadecimal(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

}
