#include "sim/actors/request_head.hpp"

#include <catch2/catch.hpp>

#include <string>

using fakeproxy::resources::fields_digest;
using sim::actors::append_request_head;
using sim::actors::request_head;

namespace {

std::string text_of(request_head const& head, fields_digest* sent = nullptr) {
  std::string out = "kept ";
  append_request_head(out, head, sent);
  REQUIRE(out.starts_with("kept "));
  return out.substr(5);
}

std::string value_of(std::string const& head, std::string const& name) {
  std::size_t const at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "none";
  std::size_t const begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}

TEST_CASE("a request's head says who asks for what, and ends with an empty line") {
  std::string const text =
      text_of({.method = "GET", .target = "/a%20b?c", .host = "h:80", .authorization = "Bearer t", .request = 17});
  CHECK(text.starts_with("GET /a%20b?c HTTP/1.1\r\nHost: h:80\r\n"));
  CHECK(text.ends_with("\r\n\r\n"));
  CHECK(text.find("\r\n\r\n") == text.size() - 4);
  CHECK(value_of(text, "Authorization") == "Bearer t");
  CHECK(value_of(text, "Lab-Request") == "17");
  CHECK(value_of(text_of({.method = "GET", .target = "/", .host = "h"}), "Authorization") == "none");
}

TEST_CASE("Lab-Check has 16 digits, others for each request") {
  auto const check = [](std::uint64_t id) {
    return value_of(text_of({.method = "GET", .target = "/", .host = "h", .request = id}), "Lab-Check");
  };
  CHECK(check(1).size() == 16);
  CHECK(check(1) != check(2));
  CHECK(check(1).substr(0, 4) != check(2).substr(0, 4));
}

TEST_CASE("the head says how long the content is, where there is or could be some") {
  struct example {
    char const* method;
    std::uint32_t body_bytes;
    bool chunked;
    char const *length, *coding, *type;
  };
  for (example const& e : {example{"GET", 0, false, "none", "none", "none"},
                           {"DELETE", 0, false, "none", "none", "none"},
                           {"POST", 0, false, "0", "none", "none"},
                           {"PUT", 0, false, "0", "none", "none"},
                           {"PATCH", 0, false, "0", "none", "none"},
                           {"POST", 512, false, "512", "none", "application/octet-stream"},
                           {"DELETE", 3, false, "3", "none", "application/octet-stream"},
                           {"PUT", 512, true, "none", "chunked", "application/octet-stream"},
                           {"POST", 0, true, "none", "chunked", "application/octet-stream"}}) {
    INFO(e.method << ' ' << e.body_bytes << (e.chunked ? " chunked" : ""));
    std::string const text =
        text_of({.method = e.method, .target = "/", .host = "h", .body_bytes = e.body_bytes, .chunked = e.chunked});
    CHECK(value_of(text, "Content-Length") == e.length);
    CHECK(value_of(text, "Transfer-Encoding") == e.coding);
    CHECK(value_of(text, "Content-Type") == e.type);
  }
}

TEST_CASE("the digest is of the fields that stand in the head, as a proxy reads them") {
  fields_digest sent, read;
  std::string const text = text_of({.method = "POST",
                                    .target = "/",
                                    .host = "h",
                                    .authorization = "Bearer t",
                                    .request = 3,
                                    .body_bytes = 9,
                                    .more = "X-Backend: http://h\r\n"},
                                   &sent);
  CHECK(value_of(text, "X-Backend") == "http://h");
  for (std::size_t at = text.find("\r\n") + 2; text.compare(at, 2, "\r\n") != 0; at = text.find("\r\n", at) + 2) {
    std::size_t const colon = text.find(": ", at);
    read.add(text.substr(at, colon - at), text.substr(colon + 2, text.find("\r\n", at) - colon - 2));
  }
  CHECK(sent.value() == read.value());
  fields_digest other;
  text_of({.method = "POST", .target = "/", .host = "h", .authorization = "Bearer u", .request = 3, .body_bytes = 9},
          &other);
  CHECK(other.value() != sent.value());
}

TEST_CASE("a plain head says where it goes, and no more") {
  std::string out;
  sim::actors::append_plain_head(out, {.method = "GET", .target = "/x", .host = "h", .request = 5});
  CHECK(out == "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
}
