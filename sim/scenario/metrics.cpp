#include "sim/scenario/metrics.hpp"

#include <algorithm>
#include <array>

namespace sim::scenario {
namespace {

constexpr std::uint8_t everywhere = by_phase | by_balancer | by_kind | by_group;
using kind = metric_kind;
using worse = worse_when;

constexpr std::array catalogue = {
    metric_info{"redirect_ratio", kind::ratio, everywhere | by_reason, worse::higher, "",
                "X-Accel redirects per client request that needed a proxy"},
    metric_info{"map_hit_ratio", kind::ratio, everywhere, worse::lower, "",
                "first hops whose upstream came from the token map"},
    metric_info{"stale_hit_ratio", kind::ratio, everywhere, worse::higher, "",
                "token map hits on a proxy that was no longer the owner"},
    metric_info{"guess_hit_ratio", kind::ratio, everywhere, worse::lower, "", "guesses that met the owner"},
    metric_info{"cache_hit_ratio", kind::ratio, everywhere, worse::lower, "",
                "requests for resources answered from a balancer's cache"},
    metric_info{"failed_ratio", kind::ratio, everywhere, worse::higher, "", "client requests that failed"},
    metric_info{"hops_per_request", kind::ratio, everywhere, worse::higher, "",
                "requests to proxies per client request that needed one"},
    metric_info{"requests", kind::counter, everywhere, worse::neither, "requests", "client requests issued"},
    metric_info{"failed_requests", kind::counter, everywhere | by_cause | by_status, worse::higher, "requests",
                "client requests without a whole answer, answered 5xx, or 401 without cause"},
    metric_info{"redirects", kind::counter, everywhere | by_reason, worse::higher, "redirects",
                "X-Accel answers received by balancers"},
    metric_info{"retries", kind::counter, everywhere, worse::higher, "hops", "hops that repeat one that failed"},
    metric_info{"hops", kind::counter, everywhere, worse::higher, "hops", "requests sent to proxies"},
    metric_info{"unauthorized", kind::counter, everywhere, worse::neither, "requests", "client requests answered 401"},
    metric_info{"unavailable", kind::counter, everywhere, worse::higher, "requests", "client requests answered 503"},
    metric_info{"refused", kind::counter, everywhere, worse::neither, "requests",
                "client requests that a balancer refused without a hop"},
    metric_info{"sessions_created", kind::counter, everywhere, worse::neither, "sessions",
                "sessions created by a CREST request"},
    metric_info{"sessions_moved", kind::counter, everywhere, worse::neither, "sessions",
                "sessions that went to another proxy"},
    metric_info{"balancer_answers", kind::counter, everywhere, worse::neither, "requests",
                "answers of balancers themselves"},
    metric_info{"requests_per_second", kind::value, everywhere, worse::lower, "1/s",
                "client requests answered per second"},
    metric_info{"tls_handshakes", kind::counter, 0, worse::neither, "handshakes",
                "TLS handshakes of clients; only with load.tls"},
    metric_info{"tls_resumed", kind::counter, 0, worse::lower, "handshakes", "of these: sessions that were resumed"},
    metric_info{"tls_handshakes_per_second", kind::value, 0, worse::neither, "1/s", "TLS handshakes of clients"},
    metric_info{"utilisation", kind::value, by_phase, worse::higher, "",
                "service asked of the proxies' servers per server and time; simulated runs only"},
    metric_info{"utilisation_max", kind::value, by_phase, worse::higher, "", "the same, of the busiest proxy"},
    metric_info{"latency_ms", kind::duration, everywhere, worse::higher, "ms",
                "from the intended start to the whole answer"},
    metric_info{"schedule_lag_ms", kind::duration, by_phase, worse::neither, "ms",
                "from the intended start to the first byte sent"},
    metric_info{"eve_requests", kind::counter, 0, worse::neither, "requests", "game requests of EVE clients answered"},
    metric_info{"eve_latency_ms", kind::duration, 0, worse::higher, "ms",
                "game requests of EVE clients, to the answer"},
    metric_info{"notifications", kind::counter, 0, worse::neither, "notifications",
                "notifications received by EVE clients"},
    metric_info{"notifications_lost", kind::counter, 0, worse::higher, "notifications", "numbers that never arrived"},
    metric_info{"notifications_doubled", kind::counter, 0, worse::higher, "notifications",
                "numbers that arrived more than once"},
    metric_info{"notifications_reordered", kind::counter, 0, worse::higher, "notifications",
                "numbers that arrived after a later one"},
    metric_info{"notification_latency_ms", kind::duration, 0, worse::higher, "ms", "from the sol to the EVE client"},
    metric_info{"convergence_s", kind::value, by_event, worse::higher, "s",
                "from the event until 95 % of its excess redirects happened"},
    metric_info{"convergence_requests", kind::value, by_event, worse::higher, "requests",
                "the same, in client requests"},
    metric_info{"peak_redirect_ratio", kind::value, by_event, worse::higher, "",
                "highest redirect ratio after the event"},
    metric_info{"failures_back_s", kind::value, by_event, worse::higher, "s",
                "from the event until 95 % of its excess failures happened"},
    metric_info{"latency_back_s", kind::value, by_event, worse::higher, "s",
                "from the event until 95 % of its excess slow answers were due"},
};

constexpr std::array<std::string_view, 11> reasons = {"cold",     "raced",     "moved",     "evicted",
                                                      "expired",  "forgotten", "restarted", "chained",
                                                      "no_token", "no_map",    "unknown"};

constexpr auto causes = [] {
  std::array<std::string_view, failure_cause_count> names;
  for (std::size_t c = 0; c != names.size(); ++c) names[c] = name_of(static_cast<failure_cause>(c));
  return names;
}();

}

std::span<metric_info const> metrics() { return catalogue; }

metric_info const* find_metric(std::string_view name) {
  auto const found =
      std::find_if(catalogue.begin(), catalogue.end(), [&](metric_info const& m) { return m.name == name; });
  return found == catalogue.end() ? nullptr : &*found;
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (metric_info const& m : catalogue) names.emplace_back(m.name);
  return names;
}

std::span<std::string_view const> redirect_reasons() { return reasons; }

std::span<std::string_view const> failure_causes() { return causes; }

std::vector<std::string> label_names(std::uint8_t bits) {
  std::vector<std::string> names;
  if ((bits & by_phase) != 0) names.emplace_back("phase");
  if ((bits & by_balancer) != 0) names.emplace_back("balancer");
  if ((bits & by_kind) != 0) names.emplace_back("kind");
  if ((bits & by_group) != 0) names.emplace_back("group");
  if ((bits & by_reason) != 0) names.emplace_back("reason");
  if ((bits & by_cause) != 0) names.emplace_back("cause");
  if ((bits & by_status) != 0) names.emplace_back("status");
  if ((bits & by_event) != 0) names.emplace_back("event");
  return names;
}

}
