#include "sim/judge/log_digest.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace sim::judge {

namespace {

std::string const refused =
    "2031/02/03 04:05:06 [error] 4711#4711: *34 connect() failed (111: Connection refused) while connecting to "
    "upstream, client: 127.0.0.1, server: , request: \"GET /a HTTP/1.1\", upstream: \"http://127.0.0.1:4001/a\", host: "
    "\"127.0.0.1:9\"";

}

TEST_CASE("of a log's line, what is alike in others of its kind is kept") {
  struct row {
    char const* name;
    std::string line, text;
  };
  for (row const& x : std::vector<row>{
           {"nginx, with an upstream", refused,
            "[error] connect() failed (111: Connection refused) while connecting to upstream: 127.0.0.1:4001"},
           {"nginx, without a connection", "2031/02/03 04:05:06 [emerg] 4711#4711: no ports left",
            "[emerg] no ports left"},
           {"nginx, without numbers", "2031/02/03 04:05:06 [warn] odd", "[warn] odd"},
           {"nginx, not worth a report", "2031/02/03 04:05:06 [notice] 4711#4711: start worker processes", ""},
           {"ours", "crest-gateway: upstream 127.0.0.1:4001 does not answer its health checks",
            "upstream 127.0.0.1:4001 does not answer its health checks"},
           {"another program's", "panic!", "panic!"},
           {"nearly a date", "2031/02/3 04:05:06 [notice] x", "2031/02/3 04:05:06 [notice] x"},
           {"an empty line", "", ""},
           {"a date alone", "2031/02/03 04:05:06 ", ""}}) {
    INFO(x.name);
    CHECK(message_of(x.line) == x.text);
  }
  for (std::size_t n = 0; n <= refused.size(); ++n) message_of(refused.substr(0, n)); // at any length
}

TEST_CASE("the first distinct messages are counted, with names in place of addresses, and the others in sum") {
  log_digest d({{"127.0.0.1:4001", "proxy[1]"}, {"127.0.0.1:400", "proxy[0]"}});
  for (int i = 0; i != 3; ++i) d.add(refused);
  d.add("2031/02/03 04:05:06 [info] 1#1: *1 client closed connection");
  for (int i = 0; i != 4; ++i) d.add("message " + std::to_string(i));
  d.add(refused);
  d.add("message 3");
  d.add("message 4");
  d.add("message 5");
  auto const all = d.messages();
  REQUIRE(all.size() == log_digest::most_messages + 1);
  CHECK(all[0].text == "[error] connect() failed (111: Connection refused) while connecting to upstream: proxy[1]");
  CHECK(all[0].count == 4);
  CHECK(all[4].text == "message 3");
  CHECK(all[4].count == 2);
  CHECK(all[5].text == "other messages");
  CHECK(all[5].count == 2);
  log_digest longest({});
  longest.add(std::string(100'000, 'x'));
  CHECK(longest.messages().at(0).text.size() == log_digest::most_bytes);
  CHECK(log_digest({}).messages().empty());
}

}
