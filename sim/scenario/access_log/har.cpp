#include "sim/scenario/access_log/har.hpp"

#include "sim/scenario/access_log/date.hpp"
#include "sim/scenario/access_log/json_line.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace sim::access_log {
namespace {

using nlohmann::json;

std::string text(json const& object, char const* key) {
  auto const found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json const& member(json const& object, char const* key) {
  static json const none;
  auto const found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() ? none : *found;
}

/// A field's name as nginx has it in variables: X-Forwarded-For is x_forwarded_for.
std::string variable(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

std::string field(json const& entry, std::string_view name) {
  json const& asked = member(entry, "request");
  for (json const& cookie : member(asked, "cookies"))
    if (name.starts_with("cookie_") && text(cookie, "name") == name.substr(7)) return text(cookie, "value");
  for (json const& header : member(asked, "headers"))
    if (name.starts_with("http_") && variable(text(header, "name")) == name.substr(5)) return text(header, "value");
  for (char const* own : {"connection", "pageref"})
    if (name == own) return text(entry, own);
  return {};
}

std::variant<request, skip> request_in(json const& entry, form const& how) {
  std::string const began = text(entry, "startedDateTime");
  if (began.empty()) return entry.is_object() ? skip::no_date : skip::other_form;
  auto const date = parse_date(began);
  if (auto const* none = std::get_if<no_moment>(&date))
    return *none == no_moment::out_of_range ? skip::strange_date : skip::no_date;
  json const& asked = member(entry, "request");
  moment const when = std::get<moment>(date);
  std::string url = text(asked, "url");
  url.resize(std::min(url.find('#'), url.size())); // is not sent
  auto parsed = request_of("har", when.ns, when.to_the_second, text(asked, "method"), url);
  if (auto* const found = std::get_if<request>(&parsed)) found->was_absolute = false; // as all are in these files
  lookup const fields = [&entry](std::string_view name) { return field(entry, name); };
  return identified(std::move(parsed), fields, how);
}

/// Leaves out answers and bodies, which are nearly all of such a file.
bool is_wanted(int, json::parse_event_t event, json& parsed) {
  if (event != json::parse_event_t::key) return true;
  auto const& key = parsed.get_ref<std::string const&>();
  return key != "response" && key != "postData" && key != "timings" && key != "cache";
}

}

account read_har(std::istream& file, form const& how, std::function<bool(request&&, std::uint64_t)> const& take) {
  json const root = json::parse(file, is_wanted, false);
  if (root.is_discarded()) throw std::invalid_argument("found a text that is no JSON; allowed: a whole HAR file");
  json const& entries = member(member(root, "log"), "entries");
  if (!entries.is_array()) throw std::invalid_argument("found no list log.entries; allowed: a HAR file, which has one");
  account a;
  for (json const& entry : entries) {
    ++a.lines;
    if (!a.add(
            request_in(entry, how), [&entry] { return "entry of " + text(member(entry, "request"), "url"); }, take))
      break;
  }
  return a;
}

}
