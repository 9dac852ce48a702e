#include "base/metrics/exposition.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>

namespace metrics {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take(std::string_view& text, char until) {
  std::string_view const part = text.substr(0, text.find(until));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return trimmed(part);
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

/// A range of media types in Accept (RFC 9110 12.5.1).
struct media_range {
  std::string_view type;
  std::string_view version;
  double quality = 1;
};

media_range read_range(std::string_view text) {
  media_range range;
  range.type = take(text, ';');
  while (!text.empty()) {
    std::string_view parameter = take(text, ';');
    std::string_view const name = take(parameter, '=');
    if (same_word(name, "version")) range.version = parameter;
    if (same_word(name, "q")) std::from_chars(parameter.data(), parameter.data() + parameter.size(), range.quality);
  }
  return range;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

/// With `\`, `"` and line feeds escaped, as labels have it.
std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (char const c : text) {
    if (c == '\\' || (quotes && c == '"')) out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

std::string braced(labels const& of) {
  std::string out = "{";
  for (auto const& [name, value] : of) out += (out.size() > 1 ? "," : "") + name + "=\"" + escaped(value, true) + "\"";
  return out + "}";
}

}

format format_for(std::string_view accept) {
  double open = 0, plain = 0;
  while (!accept.empty()) {
    media_range const range = read_range(take(accept, ','));
    bool const known = range.version.empty() || range.version == "1.0.0" || range.version == "0.0.1";
    if (same_word(range.type, "application/openmetrics-text") && known) open = std::max(open, range.quality);
    if (same_word(range.type, "text/plain")) plain = std::max(plain, range.quality);
  }
  return open > 0 && open >= plain ? format::openmetrics : format::prometheus;
}

std::string_view content_type(format f) {
  switch (f) {
  case format::prometheus:
    return "text/plain; version=0.0.4; charset=utf-8";
  case format::openmetrics:
    return "application/openmetrics-text; version=1.0.0; charset=utf-8";
  }
  return {};
}

void exposition::begin(std::string_view name, std::string_view help, std::string_view type) {
  counts_ = type == "counter";
  family_ = prefix_ + std::string(name);
  bool const open = format_ == format::openmetrics;
  std::string const described = family_ + (counts_ && !open ? "_total" : "");
  out_ += "# HELP " + described + " " + escaped(help, open) + "\n# TYPE " + described + " " + std::string(type) + "\n";
}

void exposition::line(std::string_view suffix, labels const& of, std::string_view value) {
  out_ += family_;
  out_ += suffix;
  if (!of.empty()) out_ += braced(of);
  out_ += ' ';
  out_ += value;
  out_ += '\n';
}

void exposition::sample(std::uint64_t value, labels const& of) {
  line(counts_ ? "_total" : "", of, std::to_string(value));
}

void exposition::sample(double value, labels const& of) { line(counts_ ? "_total" : "", of, number(value)); }

void exposition::sample(latency_histogram::snapshot const& value, labels const& of) {
  bool const open = format_ == format::openmetrics;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i != value.buckets.size(); ++i) {
    sum += value.buckets[i].count;
    labels with_bound = of;
    with_bound.emplace_back("le", bound_text(i));
    if (std::string& bound = with_bound.back().second; open && bound.find_first_of(".I") == std::string::npos)
      bound += ".0"; // its canonical form there
    std::string shown = std::to_string(sum);
    if (auto const& example = value.buckets[i].example; open && example) {
      char time[32];
      std::snprintf(time, sizeof time, "%.3f", example->unix_s);
      shown += " # " + braced(example->labels) + " " + number(example->value_s) + " " + time;
    }
    line("_bucket", with_bound, shown);
  }
  char seconds[32]; // to the microsecond, however large: rates are computed from differences
  std::snprintf(seconds, sizeof seconds, "%.6f", value.sum_s);
  line("_sum", of, seconds);
  line("_count", of, std::to_string(sum));
}

std::string exposition::text() {
  if (format_ == format::openmetrics) out_ += "# EOF\n";
  return std::move(out_);
}

}
