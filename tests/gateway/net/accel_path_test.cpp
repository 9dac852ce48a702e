// X-Accel-Redirect with a path: the request's own, another one, none.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::answer;

namespace {

/// A proxy that redirects everything under `/` to `owner`, naming `target` after the address.
struct redirected {
  scripted_upstream owner{[this](upstream_request const& r) {
    return script_answer{answer("X-Backend: http://" + owner.address() + "\r\n" + fields, r.target + " " + r.body)};
  }};
  scripted_upstream other{[this](upstream_request const&) {
    return script_answer{answer("X-Accel-Redirect: /internal_redirect/" + owner.address() + target + "\r\n", "")};
  }};
  std::string target, fields;

  /// Guesses ask only `other`.
  nlohmann::json configuration(char const* how) const {
    nlohmann::json c = {{"allow_redirects_to", {"127.0.0.1/32:1-65535"}}};
    if (how) c["accel_path"] = how;
    return c;
  }
};

}

TEST_CASE(
    "accel_path same: a redirect that names another path is 502 and counted; one that names the request's is not") {
  struct row {
    char const *asked, *named;
    bool same;
  };
  auto const r = GENERATE(row{"/a?b", "/a?b", true}, row{"/a?b", "", true}, row{"/a?b", "/a", true},
                          row{"/%7Ea", "/~a", true}, row{"/a%20b", "/a b", true}, row{"/a", "/other", false},
                          row{"/a", "/", false}, row{"/a", "/a/", false}, row{"/a?b", "/a?c", false},
                          row{"/a%2Fb", "/a/b", false}, row{"/a", "/A", false}, row{"/a", "//a", false});
  char const* const how = GENERATE(static_cast<char const*>(nullptr), "same");
  INFO(r.asked << " and " << r.named);
  redirected proxies;
  proxies.target = r.named;
  configured_gateway gateway({proxies.other.address()}, proxies.configuration(how));
  CHECK(gateway.status()["accel_path"] == "same");
  auto const got = client(gateway.port()).exchange(request("POST", r.asked, "t", "", "body"));
  CHECK(gateway.count("redirects_refused_path") == (r.same ? 0 : 1));
  if (r.same) {
    CHECK(got.status == 200);
    CHECK(got.body == std::string(r.asked) + " body");
    return;
  }
  CHECK(got.status == 502);
  CHECK(got.field("Proxy-Status") ==
        "crest-gateway; error=http_protocol_error; details=\"redirected to another path than the request's\"");
  CHECK(proxies.owner.requests().empty());
  CHECK(eventually([&] { return gateway->process().errors().find("which is another path") != std::string::npos; }));
}

TEST_CASE("accel_path follow: the request goes on with the target that is named, and nothing else changes") {
  struct row {
    char const *asked, *named, *sent;
  };
  auto const r = GENERATE(row{"/a?b", "/other?x=%2F", "/other?x=%2F"}, row{"/a?b", "/a", "/a"}, row{"/a?b", "", "/a?b"},
                          row{"/a?b", "?c", "/a?c"}, row{"/a", "/b c", "/b%20c"}, row{"/%7Ea", "/~a", "/%7Ea"},
                          row{"/a", "//b", "//b"}, row{"/a", "/x/../b", nullptr}, row{"/a", "/b#c", nullptr},
                          row{"/a", "/internal_redirect/127.0.0.1:1/", nullptr});
  INFO(r.asked << " and " << r.named);
  redirected proxies;
  proxies.target = r.named;
  nlohmann::json configuration = proxies.configuration("follow");
  configuration["paths"] = {"/a", "/%7Ea"};
  configured_gateway gateway({proxies.other.address()}, configuration);
  auto const got = client(gateway.port()).exchange(request("POST", r.asked, "t", "Lab-Check: 7\r\n", "body"));
  CHECK(gateway.count("redirects_refused_path") == (r.sent ? 0 : 1));
  if (!r.sent) {
    CHECK(got.status == 502);
    CHECK(proxies.owner.requests().empty());
    return;
  }
  CHECK(got.status == 200);
  CHECK(got.body == std::string(r.sent) + " body");
  CHECK(proxies.owner.requests().at(0).method == "POST");
  CHECK(proxies.owner.requests().at(0).field("Lab-Check") == "7");
  CHECK(proxies.other.requests().at(0).target == r.asked);
}

TEST_CASE("accel_path follow: an answer of another target is not stored, nor does it confirm what is") {
  redirected proxies;
  proxies.fields = "Cache-Control: public, max-age=60\r\nETag: \"1\"\r\n";
  nlohmann::json configuration = with_cache();
  configuration.update(proxies.configuration("follow"));
  configuration["token_map"] = "off";
  configured_gateway gateway({proxies.other.address()}, configuration);
  client c(gateway.port());
  proxies.target = "/tenants/1";
  CHECK(c.exchange(request("GET", "/mine", "")).body == "/tenants/1 ");
  proxies.target = "/tenants/2";
  CHECK(c.exchange(request("GET", "/mine", "", "If-None-Match: \"0\"\r\n")).body == "/tenants/2 ");
  CHECK(proxies.owner.requests().back().field("If-None-Match") == "\"0\"");
  CHECK(gateway.count("cache_stored") == 0);
  proxies.target = ""; // the target is the same
  CHECK(c.exchange(request("GET", "/mine", "")).body == "/mine ");
  CHECK(gateway.count("cache_stored") == 1);
  proxies.target = "/tenants/3"; // a validation that is led elsewhere carries the client's own conditions
  CHECK(c.exchange(request("GET", "/mine", "", "Cache-Control: no-cache\r\n")).body == "/tenants/3 ");
  CHECK(proxies.owner.requests().back().field("If-None-Match").empty());
  CHECK(c.exchange(request("GET", "/mine", "")).body == "/mine "); // as it was stored
  CHECK(gateway.count("cache_hits") == 1);
}
