#include "gateway/routing/default_limits.hpp"
#include "sim/authoring/tier.hpp"

#include <algorithm>
#include <chrono>

namespace sim::authoring {
namespace {

using gateway::routing::guess_policy;

/// HAProxy's `random` alone is the better of two.
std::string balancing(guess_policy guess) {
  switch (guess) {
  case guess_policy::random:
    return "random(1)";
  case guess_policy::round_robin:
    return "roundrobin";
  case guess_policy::least_conn:
    return "leastconn";
  case guess_policy::two_choices:
    return "random(2)";
  case guess_policy::token_hash:
    return "hdr(Authorization)\n    hash-type consistent sdbm avalanche";
  }
  return "";
}

constexpr char const* outer = R"(    # What is internal is nobody's from outside.
    http-request deny deny_status 404 if { path_beg /internal_redirect/ }
    http-request del-header X-Accel- -m beg
    http-request del-header X-Backend
    http-request del-header X-Session- -m beg
    http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]
    http-request set-header X-Request-Id %[uuid()] unless { req.hdr(X-Request-Id) -m found }
    option forwardfor
    default_backend follow

# Sends a request again when the inner layer has learnt where it belongs (425), and else as it came.
backend follow
    retry-on 425
    # Redirected again and again, or too large to be sent again.
    http-response set-status 502 if { status 425 }
)";

constexpr char const* inner =
    R"(    http-request track-sc0 req.hdr(Authorization),sha2(256) table owners if { req.hdr(Authorization) -m found }
    default_backend proxies

)";

/// A proxy is known by 1 and its index, since 0 is what an entry begins with.
constexpr char const* learning =
    R"(    # A proxy that does not answer is not asked again: the request goes to another one.
    option redispatch 1
    use-server proxy{{proxy_index}} if { sc0_get_gpt0(owners) eq 1{{proxy_index}} }
    # Who redirects names the owner, and the owner names itself. 1 before a proxy's number: 0 is "not known".
    http-response sc-set-gpt0(0) 1{{proxy_index}} if { res.hdr(X-Accel-Redirect),field(3,/) -m str {{proxy_address}} }
    http-response sc-set-gpt0(0) 1{{proxy_index}} if { res.hdr(X-Backend) -m str http://{{proxy_address}} }
    http-response return status 425 if { res.hdr(X-Accel-Redirect) -m found }
    http-response del-header X-Backend
    http-response del-header X-Session- -m beg
    server proxy{{proxy_index}} {{proxy_address}}
)";

}

std::string haproxy_text(tier const& t) {
  std::string const answer =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(gateway::routing::default_limits.answer).count());
  std::string text =
      "global\n    maxconn 8192\n    nbthread " + std::to_string(t.threads) +
      "\n\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 60s\n    timeout server " + answer +
      "s\n\n";
  text += std::string("frontend clients\n    bind {{listen}}") + (t.tls ? " ssl crt {{bundle}}" : "") + "\n" + outer;
  text += "    retries " + std::to_string(t.max_redirects) + " # max_redirects\n";
  // An address that only processes of this machine see; one for each balancer on it.
  text += "    server inner abns@inner-{{listen}}\n\nfrontend inner\n    bind abns@inner-{{listen}}\n";
  text += inner;
  std::uint64_t const entries = t.map_bytes ? t.map_entries : 100'000;
  text += std::string("# ") + (t.map_bytes ? "token_map: " : "") +
          "the number of the proxy that a token is at, by a digest of the token.\nbackend owners\n"
          "    stick-table type binary len 32 size " +
          std::to_string(std::max<std::uint64_t>(entries, 1)) + " store gpt0\n\n";
  text += "# guess: " + std::string(name_of(t.guess)) + "\nbackend proxies\n    balance " + balancing(t.guess) + "\n";
  return text + learning;
}

}
