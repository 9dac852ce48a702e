#include "gateway/net/admin/counts.hpp"

namespace gateway::net {

std::vector<named_count> counts_of(balancer::status const& now, shell_counters const& shell) {
  routing::router_counters const& r = now.router;
  std::vector<named_count> counts{
      {"requests", "Client requests that were routed.", r.requests},
      {"guesses", "Hops to an upstream chosen by the guess policy.", r.guesses},
      {"guess_hits", "Guesses that were answered, not redirected.", r.guess_hits},
      {"map_hits", "Hops to the upstream that the token map named.", r.map_hits},
      {"stale_hits", "Map hits that were redirected.", r.stale_hits},
      {"redirects", "X-Accel-Redirect answers received.", r.redirects},
      {"redirects_refused_limit", "Redirects refused: too many for one request.", r.redirects_refused_limit},
      {"redirects_refused_unknown", "Redirects refused: the target is no known upstream.", r.redirects_refused_unknown},
      {"redirects_refused_malformed", "Redirects refused: no HOST:PORT.", r.redirects_refused_malformed},
      {"redirects_refused_unreachable", "Redirects refused: the target failed this request before.",
       r.redirects_refused_unreachable},
      {"redirects_refused_path", "Redirects refused: another path or query than the request's.",
       r.redirects_refused_path},
      {"retries", "Hops made because an earlier one failed.", r.retries},
      {"retries_refused", "Retries that the retry budget did not allow.", r.retries_refused},
      {"ejections", "Times that guesses began to avoid an upstream.", r.ejections},
      {"learnt", "Token map entries added or changed.", r.learnt},
      {"restored", "Token map entries taken over from token_map_file.", r.restored},
      {"forgotten", "Token map entries erased because their upstream failed or was removed.", r.forgotten},
      {"evicted", "Token map entries that had to make room.", r.evicted},
      {"answers_refused", "Answers that could not be passed on: too large a head, no HTTP, …",
       r.answers_refused + shell.answers_refused},
      {"backends_refused", "X-Backend values that name no known upstream.", r.backends_refused},
      {"backends_malformed", "Of these: those that are not understood.", shell.backends_malformed},
      {"epochs_malformed", "X-Session-Epoch values that are not understood.", shell.epochs_malformed},
      {"forwarded_for_malformed", "Elements of trusted proxies' X-Forwarded-For that are not understood.",
       shell.forwarded_for_malformed},
      {"guess_waits", "Requests that waited for another's guess.", r.waits},
      {"connections", "Client connections accepted.", shell.connections},
      {"refused", "Requests answered here without a hop.", shell.refused},
      {"internal_probes", "Requests for the internal location.", shell.internal_probes},
      {"odd_names", "Fields of requests whose names servers could take for others.", shell.odd_names},
      {"failed", "Requests answered 502, 503 or 504 here.", shell.failed},
      {"client_gone", "Requests whose client went away.", shell.client_gone},
      {"truncated_answers", "Answers that an upstream broke off.", shell.truncated_answers},
      {"connections_refused", "Client connections beyond the limit of their address.", shell.connections_refused},
      {"queued", "Requests that waited for a slot at their upstream.", shell.queued},
      {"overloaded", "Requests answered 503 since there was none.", shell.overloaded},
      {"rate_limited", "Requests answered 429: beyond the limit of their address or token.", shell.rate_limited},
      {"tls_handshakes", "TLS handshakes with clients.", shell.tls_handshakes},
      {"tls_resumed", "Of these: sessions that were resumed.", shell.tls_resumed},
      {"tls_failures", "TLS handshakes with clients that failed.", shell.tls_failures},
      {"bodies_not_kept", "Requests answered 507: no file for their bodies.", shell.bodies_not_kept},
      {"log_lines_lost", "Lines of the access log that could not be written.", shell.log_lines_lost},
      {"journal_records_lost", "Records of the journal that could not be written.", shell.journal_records_lost},
      {"tunnels", "WebSockets that were opened.", shell.tunnels},
      {"tunnel_bytes_up", "Bytes in WebSockets to upstreams.", shell.tunnel_bytes_up},
      {"tunnel_bytes_down", "Bytes in WebSockets to clients.", shell.tunnel_bytes_down},
      {"accept_pauses", "Pauses of accepting, mostly for lack of file descriptors.", shell.accept_pauses},
  };
  if (!now.has_shared_map) return counts;
  std::vector<named_count> const shared{
      {"shared_lookups", "Tokens that the shared map was asked for.", shell.shared_lookups},
      {"shared_hits", "Of map_hits: those that only the shared map knew.", r.shared_hits},
      {"shared_stale_hits", "Of these: redirected.", r.shared_stale_hits},
      {"shared_timeouts", "Lookups that the shared map did not answer in time.", shell.shared_timeouts},
      {"shared_skipped", "Lookups not made or not waited for: the map was not usable.", shell.shared_skipped},
      {"shared_writes", "Changes that the shared map was told.", shell.shared_writes},
      {"shared_errors", "Errors of the shared map, and connections to it that ended or failed.", shell.shared_errors},
  };
  counts.insert(counts.end(), shared.begin(), shared.end());
  return counts;
}

named_count shared_gauge(shell_counters const& shell) {
  return {"shared_map_connected", "Threads for which the shared map is usable.", shell.shared_connected};
}

std::vector<named_count> counts_of(cache::shared_cache& cache, cache::shared_cache::status const& now) {
  cache::cache_counters const& c = cache.counts();
  return {
      {"cache_hits", "Requests answered from the cache, fresh.", c.hits},
      {"cache_stale_hits", "Requests answered from the cache, stale.", c.stale_hits},
      {"cache_misses", "Requests that the cache had no answer for, or none that it may serve unasked.", c.misses},
      {"cache_validated", "Of these: what was stored still held.", c.validated},
      {"cache_waits", "Requests that waited for another's fetch.", c.waits},
      {"cache_refreshes", "Validations of what was served stale meanwhile.", c.refreshes},
      {"cache_stored", "Answers stored.", c.stored},
      {"cache_invalidated", "Answers forgotten since an unsafe request succeeded.", c.invalidated},
      {"cache_purged", "Answers forgotten by admin.", c.purged},
      {"cache_evicted", "Answers that had to make room.", now.evicted},
  };
}

}
