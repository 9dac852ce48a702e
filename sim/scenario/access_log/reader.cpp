#include "sim/scenario/access_log/reader.hpp"

#include "sim/scenario/access_log/har.hpp"

#include <numeric>

namespace sim::access_log {
namespace {

std::string shown(std::string_view line) {
  std::string text;
  for (char const c : line.substr(0, 80)) text += c >= ' ' && c <= '~' ? c : '?';
  return line.size() > 80 ? text + "..." : text;
}

/// Reads the next line into `line`, keeping little more than the longest allowed. False at the end.
bool next_line(std::istream& log, std::string& line) {
  line.clear();
  std::streambuf& in = *log.rdbuf();
  int c = in.sbumpc();
  if (c == std::istream::traits_type::eof()) return false;
  for (; c != std::istream::traits_type::eof() && c != '\n'; c = in.sbumpc())
    if (line.size() <= longest_line + 1) line += static_cast<char>(c);
  return true;
}

}

std::uint64_t account::all_skipped() const { return std::accumulate(skipped.begin(), skipped.end(), std::uint64_t{0}); }

std::uint64_t account::not_understood() const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i != skips; ++i)
    if (!is_understood(static_cast<skip>(i))) count += skipped[i];
  return count;
}

double account::skipped_share() const {
  std::uint64_t const blank = skipped[static_cast<std::size_t>(skip::blank)];
  return lines == blank ? 0 : static_cast<double>(all_skipped() - blank) / static_cast<double>(lines - blank);
}

std::vector<std::string> account::changes() const {
  std::vector<std::string> all;
  auto const say = [&all](std::uint64_t count, char const* one, char const* many) {
    if (count > 0) all.push_back(std::to_string(count) + (count == 1 ? one : many));
  };
  say(absolute, " absolute target replaced by its path", " absolute targets replaced by their paths");
  say(encoded, " target has bytes outside ASCII, which are percent-encoded",
      " targets have bytes outside ASCII, which are percent-encoded");
  say(without_identity, " request without an identity is of its client address",
      " requests without an identity are of their client addresses");
  return all;
}

std::string account::text() const {
  std::uint64_t const all = all_skipped();
  if (all == 0) return "";
  std::string out = std::to_string(all) + (all == 1 ? " line" : " lines") + " skipped: ";
  bool first = true;
  for (std::size_t i = 0; i != skips; ++i) {
    if (skipped[i] == 0) continue;
    out += (first ? "" : ", ") + std::to_string(skipped[i]) + " " + std::string(words(static_cast<skip>(i)));
    first = false;
  }
  if (first_skipped != 0) out += "; first line " + std::to_string(first_skipped) + ": " + first_text;
  return out;
}

std::string not_a_log(std::istream& log) {
  std::string bytes(8, '\0');
  log.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(log.gcount()));
  log.clear();
  log.seekg(0);
  struct magic {
    std::string_view begin, name;
  };
  using namespace std::string_view_literals;
  static constexpr magic packed[] = {{"\x28\xb5\x2f\xfd"sv, "zstd"},
                                     {"BZh"sv, "bzip2"},
                                     {"\xfd"
                                      "7zXZ\0"sv,
                                      "xz"},
                                     {"PK\x03\x04"sv, "zip"},
                                     {"\x04\x22\x4d\x18"sv, "lz4"}};
  for (magic const& m : packed)
    if (bytes.starts_with(m.begin)) return "compressed with " + std::string(m.name) + ": unpack it first";
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) return "in UTF-16: convert it to UTF-8 first";
  return "";
}

bool account::add(std::variant<request, skip> parsed, std::function<std::string()> const& shown_line,
                  std::function<bool(request&&, std::uint64_t)> const& take) {
  if (auto* found = std::get_if<request>(&parsed)) {
    ++requests;
    absolute += found->was_absolute ? 1 : 0;
    encoded += found->was_encoded ? 1 : 0;
    without_identity += found->without_identity ? 1 : 0;
    return take(std::move(*found), lines);
  }
  skip const why = std::get<skip>(parsed);
  ++skipped[static_cast<std::size_t>(why)];
  bool const worse = first_skipped == 0 || (is_understood(first_why) && !is_understood(why));
  if (why == skip::blank || !worse) return true;
  first_skipped = lines;
  first_text = shown(shown_line());
  first_why = why;
  return true;
}

account read(std::istream& log, form const& how, std::function<bool(request&&, std::uint64_t)> const& take) {
  if (how.kind == text_kind::har) return read_har(log, how, take);
  account a;
  for (std::string line; next_line(log, line);) {
    ++a.lines;
    if (a.lines == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!a.add(
            parse_line(line, how), [&line] { return line; }, take))
      break;
  }
  return a;
}

}
