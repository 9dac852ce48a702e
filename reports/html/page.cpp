#include "reports/html/page.hpp"

#include "base/config/document.hpp"

#include <nlohmann/json.hpp>

namespace reports::html {

/// page.html with all of its files, embedded.
extern std::string_view const page_template;

namespace {

constexpr std::string_view mark = "{{data}}";

std::string_view name_of(subject of) {
  switch (of) {
  case subject::run:
    return "run";
  case subject::sweep:
    return "sweep";
  case subject::plan:
    return "plan";
  case subject::limit:
    return "limit";
  case subject::comparison:
    return "comparison";
  }
  return {};
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_of(part const& p) {
  if (!p.name.ends_with(".json")) return json_string(p.text);
  if (!nlohmann::json::accept(p.text))
    throw config::bad_input(std::string(p.name) + ": found text that is not JSON; allowed: what crest-sim wrote");
  return p.text;
}

/// In JSON, `<` occurs in strings only. Without it, no text ends the script element or begins a comment in it.
std::string harmless(std::string const& json) {
  std::string out;
  out.reserve(json.size());
  for (char const c : json) {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

}

std::string page(subject of, std::vector<part> const& parts) {
  std::string data = "{\"of\": " + json_string(name_of(of)) + ", \"files\": {";
  for (part const& p : parts) data += (&p == &parts.front() ? "\n" : ",\n") + json_string(p.name) + ": " + json_of(p);
  data += "}}";
  std::size_t const at = page_template.find(mark);
  std::string out(page_template.substr(0, at));
  out += harmless(data);
  out += page_template.substr(at + mark.size());
  return out;
}

}
