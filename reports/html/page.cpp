#include "reports/html/page.hpp"

#include "base/config/document.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace reports::html {

/// page.html with all of its files, embedded.
extern std::string_view const page_template;
/// watch.js
extern std::string_view const live_script;

namespace {

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

/// The template with its places filled in, in their order: what the page may ask, in words of its
/// Content-Security-Policy; its data, JSON; a script of its own.
std::string filled(std::string_view connects_to, std::string const& json, std::string_view script) {
  std::string const of_data = harmless(json);
  std::pair<std::string_view, std::string_view> const places[] = {
      {"{{connects_to}}", connects_to}, {"{{data}}", of_data}, {"{{live_script}}", script}};
  std::string out;
  std::size_t from = 0;
  for (auto const& [place, text] : places) {
    std::size_t const at = page_template.find(place, from);
    out += page_template.substr(from, at - from);
    out += text;
    from = at + place.size();
  }
  out += page_template.substr(from);
  return out;
}

}

std::string data(subject of, std::vector<part> const& parts) {
  std::string text = "{\"of\": " + json_string(name_of(of)) + ", \"files\": {";
  for (part const& p : parts) text += (&p == &parts.front() ? "\n" : ",\n") + json_string(p.name) + ": " + json_of(p);
  return text + "}}";
}

std::string page(subject of, std::vector<part> const& parts) { return filled("'none'", data(of, parts), ""); }

std::string live_page(std::string const& about) {
  std::string const json =
      "{\"of\": " + json_string(name_of(subject::run)) + ", \"files\": {}, \"live\": " + about + "}";
  return filled("'self'", json, live_script);
}

}
