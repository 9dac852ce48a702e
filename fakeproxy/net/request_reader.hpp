#pragma once

#include "fakeproxy/resources/echo.hpp"
#include "fakeproxy/resources/resources.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fakeproxy::net {

/// What a proxy needs to know about a request. Reused from request to request, so that its strings keep their memory.
struct request_facts {
  std::string method;
  std::string target;
  std::string authorization;
  std::string head; // the whole head again, only for /lab/echo-headers
  boost::beast::http::verb verb = boost::beast::http::verb::unknown;
  resources::resource const* resource = nullptr;         // the configured resource that a GET or HEAD asks for, if any
  std::vector<resources::request_field> resource_fields; // all of the head, only for a resource
  std::uint64_t lab_request = 0;
  resources::fields_digest fields;
  resources::body_digest body;
  unsigned version = 11;
  unsigned authorizations = 0;
  bool expects_continue = false;
  bool echo = false;

  void clear();
};

/// Beast's stock parser; what it reads goes into `request_facts`. One object reads one request. `resources` must
/// outlive the facts.
class request_reader : public boost::beast::http::basic_parser<true> {
public:
  request_reader(request_facts& facts, std::span<resources::resource const> resources);

private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb method, string_view method_text, string_view target, int version,
                       error_code& ec) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field name, string_view name_text, string_view value, error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code& ec) override;
  std::size_t on_body_impl(string_view body, error_code& ec) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view body, error_code& ec) override;
  void on_finish_impl(error_code& ec) override;

  request_facts& facts_;
  std::span<resources::resource const> resources_;
};

}
