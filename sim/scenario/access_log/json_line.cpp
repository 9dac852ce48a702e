#include "sim/scenario/access_log/json_line.hpp"

#include "sim/scenario/access_log/client.hpp"
#include "sim/scenario/access_log/date.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <initializer_list>

namespace sim::access_log {
namespace {

using nlohmann::json;

/// The first of `names` that has a string or a number. "a.b": b of the object a (Caddy).
json const* find(json const& object, std::initializer_list<std::string_view> names) {
  for (std::string_view const name : names) {
    json const* at = &object;
    for (std::string_view rest = name; at != nullptr && !rest.empty();) {
      std::size_t const dot = std::min(rest.find('.'), rest.size());
      auto const found = at->is_object() ? at->find(std::string(rest.substr(0, dot))) : at->end();
      at = found == at->end() ? nullptr : &*found;
      rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
    if (at != nullptr && at->is_array() && !at->empty()) at = &at->front();
    if (at != nullptr && (at->is_string() || at->is_number())) return at;
  }
  return nullptr;
}

std::string text(json const* at) { return at != nullptr && at->is_string() ? at->get<std::string>() : std::string(); }

/// crest-gateway writes each byte outside ASCII as the character of that number, since a target need not be UTF-8.
std::string bytes_of(std::string const& utf8) {
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    auto const lead = static_cast<unsigned char>(utf8[i]);
    bool const pair = (lead == 0xc2 || lead == 0xc3) && i + 1 < utf8.size();
    bytes += pair ? static_cast<char>((lead & 3) << 6 | (static_cast<unsigned char>(utf8[i + 1]) & 63)) : utf8[i];
    if (pair) ++i;
  }
  return bytes;
}

std::variant<moment, no_moment> date_in(json const& at) {
  if (at.is_number()) return date_of(at.get<double>());
  auto const& written = at.get_ref<std::string const&>();
  double number = 0; // nginx's $msec, as most people write it
  auto const [end, error] = std::from_chars(written.data(), written.data() + written.size(), number);
  if (error == std::errc{} && end == written.data() + written.size()) return date_of(number);
  return parse_date(written);
}

}

namespace {

/// The client is left empty where there is none.
std::variant<request, skip> request_in(json const& object) {
  json const* const when =
      find(object, {"time", "timestamp", "@timestamp", "time_iso8601", "time_local", "msec", "ts", "date", "StartUTC"});
  if (when == nullptr) return skip::no_date;
  auto const date = date_in(*when);
  if (auto const* none = std::get_if<no_moment>(&date))
    return *none == no_moment::out_of_range ? skip::strange_date : skip::no_date;
  std::string client = text(find(object, {"client", "client_ip", "clientip", "remote_addr", "remote_ip", "ip", "remote",
                                          "ClientHost", "request.client_ip", "request.remote_ip"}));
  client = client.substr(0, client.find(',')); // X-Forwarded-For
  client = client == "-" ? std::string() : canonical(client);
  moment const m = std::get<moment>(date);
  // Prefer the request line, which is as sent: some servers decode the other fields.
  if (json const* const asked = find(object, {"request", "request_line"}))
    return request_of(std::move(client), m.ns, m.to_the_second, text(asked));
  json const* const method = find(object, {"method", "request_method", "verb", "RequestMethod", "request.method"});
  json const* const target =
      find(object, {"target", "request_uri", "uri", "url", "path", "RequestPath", "request.uri"});
  if (method == nullptr || target == nullptr) return skip::other_form;
  bool const ours = object.contains("target") && object.contains("hops");
  std::string const written = text(target);
  return request_of(std::move(client), m.ns, m.to_the_second, text(method), ours ? bytes_of(written) : written);
}

std::string text_at(json const& object, std::string_view name) {
  json const* const at = find(object, {name});
  return at == nullptr ? std::string() : at->is_string() ? at->get<std::string>() : at->dump();
}

}

std::variant<request, skip> parse_json(std::string_view line, form const& how) {
  json const object = json::parse(line, nullptr, false);
  if (!object.is_object()) return skip::other_form;
  lookup const fields = [&object](std::string_view name) {
    std::string value = text_at(object, name);
    if (value.empty() && name == "http_cookie") value = text_at(object, "cookie");
    if (value.empty() && name == "http_cookie") value = text_at(object, "request.headers.Cookie");
    return value;
  };
  return identified(request_in(object), fields, how);
}

std::variant<request, skip> parse_json(std::string_view line) { return parse_json(line, {}); }

}
