#include "gateway/http/target.hpp"

#include "gateway/http/accel.hpp"
#include "gateway/http/characters.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace gateway::http {
namespace {

/// The path as the most lenient server would read it: decoded until nothing is left to decode, with `\` as `/`. Escapes
/// that a decoded character completes are decoded at once, so that one pass suffices.
std::string most_decoded(std::string_view path) {
  std::string out;
  for (char const c : path) {
    out.push_back(c);
    while (out.size() >= 3 && out[out.size() - 3] == '%') {
      int const high = hex_digit(out[out.size() - 2]), low = hex_digit(out.back());
      if (high < 0 || low < 0) break;
      out.resize(out.size() - 3);
      out.push_back(static_cast<char>(high * 16 + low));
    }
  }
  std::replace(out.begin(), out.end(), '\\', '/');
  return out;
}

/// A segment without the parameters that some servers remove first, or what ends it for others.
std::string_view without_parameters(std::string_view segment) {
  return segment.substr(0, segment.find_first_of(std::string_view(";?#\t\0", 5)));
}

/// Whether it has nothing that servers could read in different ways.
bool is_plain(std::string_view path) {
  return path.find_first_of("%\\;") == std::string_view::npos && path.find("/.") == std::string_view::npos &&
         path.find("//") == std::string_view::npos;
}

/// Path segments with empty and `.` segments dropped and `..` resolved, as nginx merges them.
std::vector<std::string_view> normal_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    std::size_t const slash = std::min(path.find('/'), path.size());
    std::string_view const segment = without_parameters(path.substr(0, slash));
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return segments;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find_first_of("?#")); }

}

bool names_internal_location(std::string_view target) {
  if (target.starts_with(internal_prefix)) return true;
  target = path_of(target);
  if (is_plain(target)) return iequals(target.substr(0, target.find('/', 1)), "/internal_redirect");
  std::string const path = most_decoded(target);
  std::vector<std::string_view> const segments = normal_segments(path);
  return !segments.empty() && iequals(segments.front(), "internal_redirect");
}

bool has_dot_segments(std::string_view target) {
  target = path_of(target);
  if (is_plain(target)) return false;
  std::string const path = most_decoded(target);
  for (std::size_t slash = path.find("/."); slash != std::string::npos; slash = path.find("/.", slash + 1)) {
    std::string_view const rest = std::string_view(path).substr(slash + 1);
    std::string_view const segment = without_parameters(rest.substr(0, rest.find('/')));
    if (segment == "." || segment == "..") return true;
  }
  return false;
}

bool is_at_or_below(std::string_view target, std::string_view base) {
  std::string_view const path = path_of(target);
  return path.starts_with(base) && (path.size() == base.size() || base.ends_with('/') || path[base.size()] == '/');
}

}
