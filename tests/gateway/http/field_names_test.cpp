// Names that are one to servers that make variables of them.
#include "gateway/http/field_names.hpp"
#include "gateway/http/forward.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace gateway::http;

namespace {

struct row {
  char const* name;
  odd_reading reading;
};

/// Whether a request's field of that name is in what an upstream gets.
bool goes_on(std::string const& name, odd_names how, unsigned& counted) {
  std::string const wire = "GET / HTTP/1.1\r\nHost: h\r\n" + name + ": 7\r\n\r\n";
  message_head head;
  request_parser parser(head);
  error_code ec;
  REQUIRE(parser.parse_head(wire.data(), wire.size(), ec));
  request_summary summary;
  REQUIRE(summarise(head, wire.data(), summary).status == 0);
  counted = summary.odd_names;
  std::string out;
  append_request_head(out, head, wire.data(), summary, {.peer_address = "9.9.9.9", .odd = how, .request_id = "made"});
  return out.find("\r\n" + name + ": 7\r\n") != std::string::npos;
}

}

TEST_CASE("a name that servers may take for another is dropped by default") {
  using enum odd_reading;
  std::vector<row> const rows{
      {"Content_Length", forbidden},
      {"content_length", forbidden},
      {"Transfer_Encoding", forbidden},
      {"TRANSFER_ENCODING", forbidden},
      {"Transfer.Encoding", forbidden},
      {"Content~Length", forbidden},
      {"Keep_Alive", forbidden},
      {"Proxy_Connection", forbidden},
      {"Proxy_Authorization", forbidden},
      {"HTTP2_Settings", forbidden},
      {"X_Forwarded_For", forbidden},
      {"X_Forwarded-For", forbidden},
      {"X.Forwarded.For", forbidden},
      {"x-forwarded_proto", forbidden},
      {"X!Forwarded!Host", forbidden},
      {"X_Request_Id", forbidden},
      {"X_Accel_Redirect", forbidden},
      {"X-Accel.Redirect", forbidden},
      {"X.Backend", forbidden},
      {"X_Session_Corporation", forbidden},
      {"X_Real_IP", another},
      {"X_Forwarded_User", another},
      {"X_Custom", another},
      {"_", another},
      {"lab_check", another},
      {"Accept_Encoding", another},
      {"Accept.Encoding", another},
      {"If`None`Match", another},
      {"Content'Type", another},
      {"User^Agent", another},
      {"X.Real.IP", another},
      {"True.Client.IP", another},
      {"Remote|User", another},
      {"X+Original+URL", another},
      {"X.Custom", another},
      {"!#$%&'*+-.^`|~", another},
      {"App.Version", another},
      {"X.Amzn.Oidc.Identity", another},
      {"X.Goog.Authenticated.User.Email", another},
      {"Cf.Access.Jwt.Assertion", another},
      {"X!MS!Client!Principal", another},
      {"X~Api~Key", another},
      {"Sec-WebSocket.Key", another},
      {"DPoP.", another},
      {"X^Tenant|Id", another},
      {"Tailscale.User.Login", another},
  };
  for (row const& r : rows) {
    INFO(r.name);
    CHECK(is_odd(r.name));
    CHECK(reading_of(r.name) == r.reading);
    unsigned counted = 0;
    CHECK_FALSE(goes_on(r.name, odd_names::drop, counted));
    CHECK(counted == 1);
    CHECK_FALSE(goes_on(r.name, odd_names::refuse, counted)); // where nobody refused it
    CHECK(goes_on(r.name, odd_names::pass, counted) == (r.reading == another));
  }
}

TEST_CASE("names of letters, digits and dashes are nobody else's") {
  for (char const* name : {"X-Custom", "X-Real-IP", "Accept-Encoding", "a", "0", "-", "X-1-", "DNT", "Sec-CH-UA"}) {
    INFO(name);
    unsigned counted = 0;
    CHECK_FALSE(is_odd(name));
    CHECK(goes_on(name, odd_names::drop, counted));
    CHECK(counted == 0);
  }
}

TEST_CASE("fields by which servers replace parts of a request, in any spelling") {
  for (char const* name : {"X-Host",
                           "x-host",
                           "X-Forwarded-Uri",
                           "X-Original-URI",
                           "X-Forwarded-SSL",
                           "Front-End-Https",
                           "front_end_https",
                           "X-Original-URL",
                           "X-Rewrite-URL",
                           "X-Original-Host",
                           "X-Forwarded-Port",
                           "X-Forwarded",
                           "X-Forward-Proto",
                           "Forwarded-Host",
                           "X-HTTP-Method-Override",
                           "X-Method",
                           "X-HTTP-Host",
                           "X-Url-Scheme",
                           "CF-Visitor",
                           "X-Forwarded-Prefix",
                           "X-Script-Name",
                           "X-Request-URI",
                           "X-Replaced-Path",
                           "True-Client-IP",
                           "X-Real-IP",
                           "X-Remote-User",
                           "Remote-User",
                           "X-Forwarded-Email",
                           "X-Client-Cert",
                           "X_Forwarded_Host",
                           "X.Forwarded.Host",
                           "X_Forwarded_For",
                           "X-Invoke-Path",
                           "X-Envoy-Original-Path",
                           "X-Middleware-Subrequest",
                           "CloudFront-Forwarded-Proto",
                           "WL-Proxy-SSL",
                           "WL-Proxy-Client-Keysize",
                           "X-Now-Route-Matches",
                           "X-Matched-Path",
                           "X-Nextjs-Data",
                           "Client-Cert",
                           "Client-Cert-Chain",
                           "X-Override-URL",
                           "Proxy-Host",
                           "Proxy-Url",
                           "Http-Url",
                           "Url",
                           "Uri",
                           "X-Alternate-Host",
                           "X-Virtual-Host",
                           "X-Hostname",
                           "X-Requested-URI",
                           "X-Real-Proto",
                           "X-Request-Method",
                           "X-Path-Prefix",
                           "HTTPS",
                           "X-Upstream-Authority",
                           "X-Public-Url",
                           "X-External-Scheme",
                           "X-Frontend-Port",
                           "X-Site-Domain",
                           "X-Client-Addr",
                           "X-LB-TLS",
                           "X-Verb-Override",
                           "X-App-Hostname",
                           "X-Company-Internal-Reverse-Proxy-Original-Request-Url",
                           "X.Public.Url"}) {
    INFO(name);
    CHECK(replaces_request(name));
  }
  for (char const* name : {"X-Forwarded-For",
                           "x-forwarded-proto",
                           "X-FORWARDED-HOST",
                           "X-Request-Id",
                           "X-Custom",
                           "X-Requested-With",
                           "Lab-Request",
                           "Upgrade-Insecure-Requests",
                           "DNT",
                           "Sec-Fetch-Site",
                           "Host",
                           "X-Hosting",
                           "X-Client-Version",
                           "",
                           "X",
                           "Traceparent",
                           "X-Amzn-Trace-Id",
                           "X-B3-TraceId",
                           "Sec-CH-Prefers-Color-Scheme",
                           "Sec-CH-UA-Platform",
                           "Access-Control-Request-Method",
                           "HX-Current-URL",
                           "Next-Url",
                           "Save-Data",
                           "X-Hosts",
                           "Downlink",
                           "Service-Worker",
                           "X-Ghost",
                           "X-Ship",
                           "X-Curl"}) {
    INFO(name);
    CHECK_FALSE(replaces_request(name));
  }
}

TEST_CASE("fields that say who asks") {
  for (char const* name : {"X-Api-Key",
                           "Private-Token",
                           "DPoP",
                           "Cf-Access-Jwt-Assertion",
                           "X-Goog-Iap-Jwt-Assertion",
                           "X-Amzn-Oidc-Data",
                           "X-Amzn-Oidc-Identity",
                           "X-MS-Client-Principal",
                           "X-MS-Client-Principal-Id",
                           "X-Auth-Email",
                           "X-Access-Key-Id",
                           "Sessionid",
                           "JSESSIONID",
                           "PHPSESSID",
                           "X-Sid",
                           "X-User-Id",
                           "x-user-id",
                           "Cf-Access-Authenticated-User-Email",
                           "X-Customer-Id",
                           "X-Saml-Subject",
                           "Signature",
                           "Signature-Input",
                           "X-Hub-Signature-256",
                           "Client-Cert",
                           "X-Amzn-Mtls-Clientcert",
                           "Remote-User",
                           "Tailscale-User-Login",
                           "X-Session-Id",
                           "X-Api-Secret",
                           "X.User.Id",
                           "X-Company-Internal-Reverse-Proxy-Authoritative-User-Id"}) {
    INFO(name);
    CHECK(holds_credentials(name));
  }
  for (char const* name : {"X-Tokens",
                           "Keyboard",
                           "Sec-Fetch-Site",
                           "Sec-Fetch-User",
                           "Save-Data",
                           "X-Request-Id",
                           "X-Correlation-Id",
                           "X-Amzn-Trace-Id",
                           "Traceparent",
                           "X-Requested-With",
                           "User-Agent",
                           "Sec-CH-UA-Mobile",
                           "Content-Digest",
                           "X-Author",
                           "X-Side",
                           "",
                           "-",
                           "X--Y",
                           "DNT",
                           "Accept-Datetime",
                           "X-Data"}) {
    INFO(name);
    CHECK_FALSE(holds_credentials(name));
  }
}
