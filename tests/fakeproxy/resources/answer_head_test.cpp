#include "fakeproxy/resources/answer_head.hpp"

#include <catch2/catch.hpp>

using namespace fakeproxy::resources;
using boost::beast::http::verb;
using fakeproxy::cluster::character_id;
using fakeproxy::cluster::incarnation;
using fakeproxy::cluster::session_epoch;
using journal::hop_outcome;

TEST_CASE("the status says what became of the request") {
  struct row {
    char const* name;
    hop_outcome outcome;
    verb method;
    int status;
  };
  for (row const& r :
       {row{"GET", hop_outcome::served, verb::get, 200}, row{"POST", hop_outcome::served, verb::post, 201},
        row{"DELETE", hop_outcome::served, verb::delete_, 204},
        row{"redirected POST", hop_outcome::redirected, verb::post, 200},
        row{"unauthorized", hop_outcome::unauthorized, verb::get, 401},
        row{"unavailable DELETE", hop_outcome::unavailable, verb::delete_, 503},
        row{"malformed", hop_outcome::malformed, verb::unknown, 400}}) {
    INFO(r.name);
    CHECK(status_of(r.outcome, r.method) == r.status);
  }
}

TEST_CASE("an answer begins with who gives it, and says whether the connection goes on only where that is in doubt") {
  std::string out;
  append_answer_start(out, {.status = 201, .connection = {}, .proxy_index = 3, .incarnation = incarnation{42}});
  CHECK(out == "HTTP/1.1 201 Created\r\nServer: crest-fakeproxy\r\nLab-Proxy: proxy[3]\r\nLab-Incarnation: 42\r\n");
  out.clear();
  append_answer_start(out, {.status = 503, .connection = "close", .date_s = 784111777});
  CHECK(out.starts_with("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: "));
}

TEST_CASE("an answer that used a session says to balancers and to clients whose it is") {
  std::string out;
  append_answer_echo(out, {.epoch = session_epoch{5},
                           .backend = "127.0.0.1:80",
                           .corporation = 9,
                           .character = character_id{7},
                           .method = "PUT",
                           .target = "/a%20b",
                           .fields = 0xab,
                           .body = "0-1"});
  CHECK(out == "X-Backend: http://127.0.0.1:80\r\nX-Session-Epoch: 5\r\nLab-Epoch: 5\r\nX-Session-Corporation: 9\r\n"
               "Lab-Character: 7\r\nLab-Method: PUT\r\nLab-Target: /a%2520b\r\nLab-Fields: 00000000000000ab\r\n"
               "Lab-Body: 0-1\r\n");
}

TEST_CASE("an answer without a session names none, and of a resource says that it is nobody's") {
  answer_echo e{.backend = "127.0.0.1:80", .corporation = 9, .method = "GET", .target = "/", .body = {}};
  std::string out;
  append_answer_echo(out, e);
  CHECK(out == "Lab-Method: GET\r\nLab-Target: /\r\nLab-Fields: 0000000000000000\r\n");
  e.of_resource = true;
  out.clear();
  append_answer_echo(out, e);
  CHECK(out.starts_with("Lab-Epoch: 0\r\nLab-Character: none\r\nLab-Method: GET\r\n"));
}

TEST_CASE("answers end as their status asks") {
  struct row {
    std::uint16_t status;
    std::string end;
  };
  for (row const& r : {row{503, "Retry-After: 1\r\nContent-Length: 0\r\n\r\n"},
                       row{401, "WWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n"},
                       row{400, "Lab-Error: malformed\r\nContent-Length: 0\r\n\r\n"},
                       row{200, "Content-Length: 0\r\n\r\n"}, row{204, "\r\n"}, row{304, "\r\n"}}) {
    INFO(r.status);
    std::string out;
    append_empty_answer_end(out, r.status);
    CHECK(out == r.end);
  }
  std::string out;
  append_content_end(out, "text/plain", 12);
  CHECK(out == "Content-Type: text/plain\r\nContent-Length: 12\r\n\r\n");
}
