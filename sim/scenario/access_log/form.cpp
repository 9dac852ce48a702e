#include "sim/scenario/access_log/form.hpp"

#include "sim/scenario/access_log/json_line.hpp"

#include <algorithm>
#include <vector>

namespace sim::access_log {
namespace {

std::variant<request, skip> parse_nginx(std::string_view line, form const& how) {
  thread_local std::vector<std::string_view> values;
  if (!how.format->split(line, values)) return skip::other_form;
  lookup const fields = [&how](std::string_view name) {
    auto const& names = how.format->names();
    auto const found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? std::string()
                                : without_escapes(values[static_cast<std::size_t>(found - names.begin())]);
  };
  return identified(request_from(fields), fields, how);
}

}

std::variant<request, skip> identified(std::variant<request, skip> parsed, lookup const& fields, form const& how) {
  auto* const found = std::get_if<request>(&parsed);
  if (found == nullptr) return parsed;
  if (how.identity) {
    std::string name = how.identity->of(fields, found->target);
    found->without_identity = name.empty();
    if (!name.empty()) found->client = std::move(name);
  }
  if (found->client.empty()) return skip::no_client;
  return parsed;
}

std::variant<request, skip> parse_line(std::string_view line, form const& how) {
  if (how.kind == text_kind::automatic) return parse_line(line);
  if (line.size() > longest_line) return skip::too_long;
  if (line.find('\0') != std::string_view::npos) return skip::not_text;
  std::size_t const begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return skip::blank;
  if (how.kind == text_kind::nginx) return parse_nginx(line, how);
  return parse_json(line.substr(begin), how);
}

}
