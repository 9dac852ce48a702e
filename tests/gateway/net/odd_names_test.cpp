// Fields whose names servers mistake for others, and underscores_in_fields.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

struct row {
  char const* name;
  bool may_pass;
};
std::vector<row> const rows{{"X_Real_Ip", true},
                            {"X_Custom", true},
                            {"Content_Length", false},
                            {"transfer_encoding", false},
                            {"Transfer.Encoding", false},
                            {"X_Forwarded_For", false},
                            {"X-Accel_Redirect", false},
                            {"Accept.Language", true},
                            {"X!Original!Url", true},
                            {"App.Version", true},
                            {"X.Amzn.Oidc.Identity", true},
                            {"Cf!Access!Jwt!Assertion", true},
                            {"WL~Proxy~SSL", true},
                            {"X+Tenant+Id", true}};

client_answer ask(std::uint16_t port, std::string const& name) {
  return client(port).exchange("GET /x HTTP/1.1\r\nHost: a\r\n" + name + ": 5\r\n\r\n");
}

}

TEST_CASE("underscores_in_fields: names that servers take for others are dropped, refused or passed on, and counted") {
  scripted_upstream upstream(serves_as());
  std::string const how = GENERATE("", "drop", "refuse", "pass");
  INFO(how);
  nlohmann::json configuration = nlohmann::json::object();
  if (!how.empty()) configuration["underscores_in_fields"] = how;
  configured_gateway gateway({upstream.address()}, configuration);
  std::uint64_t counted = 0;
  for (row const& r : rows) {
    INFO(r.name);
    auto const answer = ask(gateway.port(), r.name);
    ++counted;
    if (how == "refuse") {
      CHECK(answer.status == 400);
      CHECK(answer.body.find("a field whose name servers could take for another") != std::string::npos);
      continue;
    }
    CHECK(answer.status == 200);
    bool const passes = how == "pass" && r.may_pass;
    CHECK(upstream.requests().back().field(r.name) == (passes ? "5" : ""));
  }
  CHECK(gateway.count("odd_names") == counted);
}
