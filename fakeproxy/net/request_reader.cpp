#include "fakeproxy/net/request_reader.hpp"

#include <boost/beast/core/string.hpp>

#include <charconv>
#include <limits>
#include <string_view>

namespace fakeproxy::net {

namespace http = boost::beast::http;

namespace {
std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::uint64_t parse_id(std::string_view text) {
  std::uint64_t id = 0;
  auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), id);
  return failed == std::errc{} && stop == text.data() + text.size() ? id : 0;
}
}

void request_facts::clear() {
  method.clear();
  target.clear();
  authorization.clear();
  head.clear();
  verb = http::verb::unknown;
  resource = nullptr;
  resource_fields.clear();
  lab_request = 0;
  fields = {};
  body = {};
  version = 11;
  authorizations = 0;
  expects_continue = false;
  echo = false;
}

request_reader::request_reader(request_facts& facts, std::span<resources::resource const> resources)
  : facts_(facts)
  , resources_(resources) {
  eager(true);
  header_limit(64 * 1024);
  body_limit(boost::none);
}

void request_reader::on_request_impl(http::verb method, string_view method_text, string_view target, int version,
                                     error_code& ec) {
  ec = {};
  facts_.verb = method;
  facts_.method.assign(method_text.data(), method_text.size());
  facts_.target.assign(target.data(), target.size());
  facts_.version = static_cast<unsigned>(version);
  facts_.echo = facts_.target == "/lab/echo-headers";
  if (method == http::verb::get || method == http::verb::head)
    facts_.resource = resources::find_resource(resources_, facts_.target);
  if (facts_.echo)
    facts_.head = facts_.method + ' ' + facts_.target + (version == 10 ? " HTTP/1.0" : " HTTP/1.1") + "\r\n";
}

void request_reader::on_field_impl(http::field name, string_view name_text, string_view value, error_code& ec) {
  ec = {};
  facts_.fields.add(view(name_text), view(value));
  if (name == http::field::authorization) {
    if (facts_.authorizations++ == 0) facts_.authorization.assign(value.data(), value.size());
  } else if (name == http::field::expect) {
    facts_.expects_continue = boost::beast::iequals(value, "100-continue");
  } else if (name == http::field::unknown && boost::beast::iequals(name_text, "lab-request")) {
    facts_.lab_request = parse_id(view(value));
  }
  if (facts_.resource) facts_.resource_fields.push_back({std::string(view(name_text)), std::string(view(value))});
  if (facts_.echo) facts_.head.append(name_text).append(": ").append(value).append("\r\n");
}

void request_reader::on_header_impl(error_code& ec) { ec = {}; }
void request_reader::on_body_init_impl(boost::optional<std::uint64_t> const&, error_code& ec) { ec = {}; }

std::size_t request_reader::on_body_impl(string_view body, error_code& ec) {
  ec = {};
  facts_.body.add(view(body));
  return body.size();
}

void request_reader::on_chunk_header_impl(std::uint64_t, string_view, error_code& ec) { ec = {}; }

std::size_t request_reader::on_chunk_body_impl(std::uint64_t, string_view body, error_code& ec) {
  ec = {};
  facts_.body.add(view(body));
  return body.size();
}

void request_reader::on_finish_impl(error_code& ec) { ec = {}; }

}
