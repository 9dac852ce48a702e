#include "sim/scenario/access_log/nginx_format.hpp"

#include <algorithm>
#include <stdexcept>

namespace sim::access_log {
namespace {

bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/// Whether the blank at `at` is inside a list of upstreams or forwarders: "a, b" or "a : b".
bool in_list(std::string_view line, std::size_t at, std::size_t begin) {
  if (at > begin && (line[at - 1] == ',' || (line[at - 1] == ':' && at > begin + 1 && line[at - 2] == ' ')))
    return true;
  return line.substr(at, 3) == " : ";
}

/// Where the value that begins at `begin` ends, before `text`; npos: nowhere.
std::size_t end_of(std::string_view line, std::size_t begin, std::string_view text) {
  for (std::size_t at = begin; at < line.size(); ++at) {
    if (text.front() == '"' && line[at] == '\\') {
      ++at; // and what it escapes
      continue;
    }
    if (line[at] != text.front() || line.substr(at, text.size()) != text) continue;
    if (text.front() == ' ' && in_list(line, at, begin)) continue;
    return at;
  }
  return std::string_view::npos;
}

}

nginx_format::nginx_format(std::string_view format) {
  texts_.emplace_back();
  for (std::size_t at = 0; at < format.size();) {
    if (format[at] != '$') {
      texts_.back() += format[at++];
      continue;
    }
    bool const braces = format.substr(at + 1, 1) == "{";
    std::size_t const begin = at + (braces ? 2 : 1);
    std::size_t end = begin;
    while (end < format.size() && is_name(format[end])) ++end;
    if (end == begin || (braces && format.substr(end, 1) != "}"))
      throw std::invalid_argument("found '$' without a variable's name; allowed: $name or ${name}, as in nginx");
    if (!names_.empty() && texts_.back().empty())
      throw std::invalid_argument("found $" + names_.back() + " and $" +
                                  std::string(format.substr(begin, end - begin)) +
                                  " with nothing between them; allowed: text that tells where the first ends");
    names_.emplace_back(format.substr(begin, end - begin));
    texts_.emplace_back();
    at = end + (braces ? 1 : 0);
  }
  if (!has("time_iso8601") && !has("time_local") && !has("msec"))
    throw std::invalid_argument("found no date; allowed: a format with $time_iso8601, $time_local or $msec");
  if (!has("request") && !(has("request_method") && (has("request_uri") || has("uri"))))
    throw std::invalid_argument("found no request; allowed: a format with $request, or with $request_method and "
                                "$request_uri or $uri");
}

bool nginx_format::has(std::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

bool nginx_format::split(std::string_view line, std::vector<std::string_view>& values) const {
  values.clear();
  if (!line.starts_with(texts_.front())) return false;
  std::size_t at = texts_.front().size();
  for (std::size_t i = 0; i != names_.size(); ++i) {
    std::string const& text = texts_[i + 1];
    bool const last = i + 1 == names_.size();
    if (last && (!line.ends_with(text) || line.size() < at + text.size())) return false;
    std::size_t const end = last ? line.size() - text.size() : end_of(line, at, text);
    if (end == std::string_view::npos) return false;
    values.push_back(line.substr(at, end - at));
    at = end + text.size();
  }
  return true;
}

}
