#include "gateway/net/admin/admin.hpp"

#include "base/config/version.hpp"
#include "gateway/net/resolve.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>

namespace gateway::net {
namespace {

namespace beast_http = boost::beast::http;

/// Every counter of the gateway as (name, help, value), for both formats.
struct named_count {
  char const* name;
  char const* help;
  std::uint64_t value;
};

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

void append_line(std::string& out, std::string const& name, std::string const& labels, std::string const& value) {
  out += "crest_gateway_" + name + labels + " " + value + "\n";
}

void append_family(std::string& out, std::string const& name, char const* help, char const* type) {
  out += "# HELP crest_gateway_" + name + " " + help + "\n# TYPE crest_gateway_" + name + " " + type + "\n";
}

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

/// To the microsecond, however large the value: rates are computed from differences.
std::string seconds(std::uint64_t microseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%llu.%06llu", static_cast<unsigned long long>(microseconds / 1'000'000),
                static_cast<unsigned long long>(microseconds % 1'000'000));
  return text;
}

/// Bounds and cumulative counts of the latency histogram. The last bound is +Inf, and its count is the total: read
/// once, so that total and buckets agree while requests go on.
std::vector<std::pair<std::string, std::uint64_t>> cumulative_latency(shell_counters const& shell) {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < shell.latency.size(); ++i) {
    sum += shell.latency[i].load(std::memory_order_relaxed);
    out.emplace_back(i < latency_bounds_s.size() ? shown(latency_bounds_s[i]) : "+Inf", sum);
  }
  return out;
}

/// A page that a browser loaded from elsewhere can reach this only by a name of its own (DNS rebinding).
bool host_is_no_name(boost::beast::string_view host) {
  bool const has_port = host.find(':') != host.npos && !host.ends_with(']');
  auto const parsed = http::parse_host_port(std::string(host) + (has_port ? "" : ":80"));
  if (!parsed) return false;
  boost::system::error_code ec;
  boost::asio::ip::make_address(parsed->host, ec);
  return !ec || parsed->host == "localhost";
}

constexpr std::string_view upstreams_path = "/upstreams/";
constexpr std::string_view cache_path = "/cache/";

/// Decodes percent-encoding, in which some clients write the brackets of IPv6.
std::string decoded(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    unsigned char byte = 0;
    bool const is_coded = text.size() >= 3 && text.front() == '%' &&
                          std::from_chars(text.data() + 1, text.data() + 3, byte, 16).ptr == text.data() + 3;
    out.push_back(is_coded ? static_cast<char>(byte) : text.front());
    if (is_coded) text.remove_prefix(2);
  }
  return out;
}

/// One admin connection: reads a request, answers it, and repeats.
class admin_connection : public std::enable_shared_from_this<admin_connection> {
public:
  admin_connection(tcp_socket socket, balancer& shared, cache::shared_cache* cache, admin_settings const& s)
    : socket_(std::move(socket))
    , timer_(socket_.get_executor())
    , shared_(shared)
    , cache_(cache)
    , threads_(s.threads)
    , may_write_(s.may_write)
    , removed_(s.removed)
    , patience_(s.patience) {}

  void read() {
    wait();
    parser_.emplace();
    parser_->body_limit(1024);
    beast_http::async_read(socket_, buffer_, *parser_,
                           [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
                             if (!ec) self->answer();
                           });
  }

private:
  /// Closes the connection if the operation that begins now takes too long.
  void wait() {
    timer_.expires_after(patience_);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code stopped) {
      auto const self = weak.lock();
      if (stopped || !self) return;
      boost::system::error_code ignored;
      self->socket_.close(ignored);
    });
  }

  void answer() {
    wait();
    auto const& request = parser_->get();
    std::string_view const target(request.target().data(), request.target().size());
    answer_ = {};
    answer_.version(request.version());
    answer_.keep_alive(request.keep_alive());
    answer_.set(beast_http::field::server, "crest-gateway");
    bool const known = target == "/metrics" || target == "/status";
    if (target.starts_with(upstreams_path)) {
      change_upstream(target.substr(upstreams_path.size()));
    } else if (target.starts_with(cache_path)) {
      purge(target.substr(cache_path.size()));
    } else if (!known) {
      answer_.result(beast_http::status::not_found);
      answer_.body() = "here are /metrics, /status, /upstreams/HOST:PORT and /cache/URI\n";
    } else if (request.method() != beast_http::verb::get && request.method() != beast_http::verb::head) {
      answer_.result(beast_http::status::method_not_allowed);
      answer_.set(beast_http::field::allow, "GET, HEAD");
    } else if (target == "/metrics") {
      answer_.set(beast_http::field::content_type, "text/plain; version=0.0.4");
      answer_.body() = metrics_text(shared_, cache_);
    } else {
      answer_.set(beast_http::field::content_type, "application/json");
      answer_.body() = status_json(shared_, cache_, threads_);
    }
    answer_.prepare_payload();
    if (request.method() == beast_http::verb::head) answer_.body().clear(); // Content-Length is kept
    beast_http::async_write(socket_, answer_, [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
      if (!ec && self->answer_.keep_alive()) self->read();
    });
  }

  /// Whether the client may change things; if not, the request is refused.
  bool may_change(char const* what) {
    if (!may_write_)
      refuse(beast_http::status::forbidden, std::string(what) + " with admin_writes only");
    else if (!host_is_no_name(parser_->get()[beast_http::field::host]))
      refuse(beast_http::status::forbidden, "allowed: a Host that is an address or localhost");
    else
      return true;
    return false;
  }

  /// DELETE of `scheme://host/path?query`, or with a `*` at its end, of everything that begins so.
  void purge(std::string_view uri) {
    if (!may_change("stored answers can be purged")) return;
    bool const and_below = uri.ends_with('*');
    if (!cache_) {
      refuse(beast_http::status::not_found, "there is no cache");
    } else if (parser_->get().method() != beast_http::verb::delete_) {
      refuse(beast_http::status::method_not_allowed, "allowed: DELETE");
      answer_.set(beast_http::field::allow, "DELETE");
    } else if (uri != "*" && !uri.starts_with("http://") && !uri.starts_with("https://")) {
      refuse(beast_http::status::bad_request,
             "found \"" + std::string(uri) +
                 "\"; allowed: http://HOST/PATH, https://HOST/PATH, with a * at its end for "
                 "all that begins so, or *");
    } else {
      if (and_below) uri.remove_suffix(1);
      answer_.set(beast_http::field::content_type, "application/json");
      answer_.body() = nlohmann::json{{"purged", cache_->purge(uri, and_below, cache_now())}}.dump() + "\n";
    }
  }

  /// PUT with `{"weight": N}` or `{"drain": true}` or nothing, DELETE.
  void change_upstream(std::string_view where) {
    auto const& request = parser_->get();
    auto const name = http::parse_host_port(decoded(where));
    if (!may_change("upstreams can be changed")) return;
    if (!name) {
      refuse(beast_http::status::bad_request, "found \"" + std::string(where) + "\"; allowed: HOST:PORT");
    } else if (request.method() == beast_http::verb::delete_) {
      bool const was_known = shared_.remove_upstream(*name);
      if (was_known) removed_();
      changed(was_known);
    } else if (request.method() == beast_http::verb::put) {
      put_upstream(*name, request.body());
    } else {
      refuse(beast_http::status::method_not_allowed, "allowed: PUT, DELETE");
      answer_.set(beast_http::field::allow, "PUT, DELETE");
    }
  }

  void put_upstream(http::host_port const& name, std::string const& body) {
    nlohmann::json const wanted = body.empty() ? nlohmann::json::object() : nlohmann::json::parse(body, nullptr, false);
    bool const drain = wanted == nlohmann::json{{"drain", true}};
    bool const weighs = wanted.is_object() && wanted.size() == 1 && wanted.contains("weight") &&
                        wanted["weight"].is_number_unsigned() && wanted["weight"] >= 1u && wanted["weight"] <= 1000u;
    if (drain) {
      changed(shared_.drain_upstream(name));
      return;
    }
    if (!weighs && !(wanted.is_object() && wanted.empty())) {
      refuse(beast_http::status::bad_request,
             "found " + body + "; allowed: {\"weight\": 1 to 1000}, {\"drain\": true} or nothing");
      return;
    }
    boost::system::error_code ec;
    place const at{name, resolve(name, ec)};
    if (ec)
      refuse(beast_http::status::bad_request, "found a host name that does not resolve (" + ec.message() + ")");
    else if (!shared_.put_upstream(at, weighs ? std::optional(wanted["weight"].get<std::uint32_t>()) : std::nullopt))
      refuse(beast_http::status::insufficient_storage, "there are too many upstreams");
    else
      changed(true);
  }

  void changed(bool was_known) {
    if (!was_known)
      refuse(beast_http::status::not_found, "no such upstream");
    else
      answer_.result(beast_http::status::no_content);
  }

  void refuse(beast_http::status why, std::string const& text) {
    answer_.result(why);
    answer_.body() = text + "\n";
  }

  tcp_socket socket_;
  steady_timer timer_;
  balancer& shared_;
  cache::shared_cache* cache_;
  std::uint32_t threads_;
  bool may_write_;
  std::function<void()> removed_;
  nanoseconds patience_;
  boost::beast::flat_buffer buffer_;
  std::optional<beast_http::request_parser<beast_http::string_body>> parser_;
  beast_http::response<beast_http::string_body> answer_;
};

}

std::string metrics_text(balancer const& shared, cache::shared_cache* cache) {
  balancer::status const now = shared.snapshot();
  shell_counters const& shell = shared.shell();
  std::string out;
  std::vector<named_count> counts = counts_of(now, shell);
  std::vector<named_count> gauges{{"open_connections", "Client connections open.", shell.open_connections},
                                  {"open_tunnels", "WebSockets open, or asked for.", shell.open_tunnels},
                                  {"token_map_entries", "Tokens in the map.", now.map_entries},
                                  {"token_map_unproven", "Of these: never answered with success.", now.map_unproven},
                                  {"token_map_capacity", "Tokens that the map can hold.", now.map_capacity},
                                  {"token_map_bytes", "Bytes of the map at its capacity.", now.map_bytes}};
  if (now.has_shared_map) gauges.push_back(shared_gauge(shell));
  if (cache) {
    cache::shared_cache::status const stored = cache->snapshot();
    std::vector<named_count> const more = counts_of(*cache, stored);
    counts.insert(counts.end(), more.begin(), more.end());
    gauges.push_back({"cache_answers", "Answers stored.", stored.answers});
    gauges.push_back({"cache_bytes", "Bytes that the cache holds.", stored.bytes});
    gauges.push_back({"cache_budget_bytes", "Bytes that it may hold.", stored.budget});
    gauges.push_back({"cache_sessions", "Tokens whose session facts are known.", stored.sessions});
  }
  for (named_count const& count : counts) {
    std::string const name = std::string(count.name) + "_total";
    append_family(out, name, count.help, "counter");
    append_line(out, name, "", std::to_string(count.value));
  }
  for (named_count const& gauge : gauges) {
    append_family(out, gauge.name, gauge.help, "gauge");
    append_line(out, gauge.name, "", std::to_string(gauge.value));
  }
  struct per_upstream {
    char const* name;
    char const* help;
    char const* type;
    std::uint64_t (*value)(balancer::upstream_status const&);
  };
  for (per_upstream const& family : std::initializer_list<per_upstream>{
           {"upstream_hops_total", "Requests sent to the upstream.", "counter",
            [](auto const& u) { return u.counters.hops; }},
           {"upstream_redirects_total", "X-Accel-Redirect answers of the upstream.", "counter",
            [](auto const& u) { return u.counters.redirects; }},
           {"upstream_failures_total", "Hops to the upstream that failed.", "counter",
            [](auto const& u) { return u.counters.failures; }},
           {"upstream_bad_answers_total", "Answers of the upstream that could not be passed on.", "counter",
            [](auto const& u) { return u.counters.bad_answers; }},
           {"upstream_in_flight", "Hops under way at the upstream.", "gauge",
            [](auto const& u) -> std::uint64_t { return u.in_flight; }},
           {"upstream_waiting", "Requests that wait for a slot at the upstream.", "gauge",
            [](auto const& u) -> std::uint64_t { return u.waiting; }},
           {"upstream_healthy", "Whether its health checks succeed.", "gauge",
            [](auto const& u) -> std::uint64_t { return u.healthy; }},
           {"upstream_avoided", "Whether guesses avoid it since it failed.", "gauge",
            [](auto const& u) -> std::uint64_t { return u.avoided; }}}) {
    append_family(out, family.name, family.help, family.type);
    for (balancer::upstream_status const& u : now.upstreams)
      append_line(out, family.name, "{upstream=\"" + u.name + "\"}", std::to_string(family.value(u)));
  }
  append_family(out, "request_duration_seconds",
                "From the end of a request's head to the end of its answer, or to its 101.", "histogram");
  auto const buckets = cumulative_latency(shell);
  for (auto const& [bound, count] : buckets)
    append_line(out, "request_duration_seconds_bucket", "{le=\"" + bound + "\"}", std::to_string(count));
  append_line(out, "request_duration_seconds_sum", "", seconds(shell.latency_sum_us.load(std::memory_order_relaxed)));
  append_line(out, "request_duration_seconds_count", "", std::to_string(buckets.back().second));
  return out;
}

std::string status_json(balancer const& shared, cache::shared_cache* cache, std::uint32_t threads) {
  balancer::status const now = shared.snapshot();
  shell_counters const& shell = shared.shell();
  nlohmann::ordered_json out;
  out["version"] = config::version;
  for (named_count const& count : counts_of(now, shell)) out[count.name] = count.value;
  out["open_connections"] = shell.open_connections.load();
  out["open_tunnels"] = shell.open_tunnels.load();
  out["token_map"] = {{"entries", now.map_entries},
                      {"unproven", now.map_unproven},
                      {"capacity", now.map_capacity},
                      {"bytes", now.map_bytes}};
  if (!now.has_map) out["token_map"] = nullptr;
  if (now.has_shared_map) out["shared_map_connected"] = shared_gauge(shell).value;
  out["cache"] = nullptr;
  if (cache) {
    cache::shared_cache::status const stored = cache->snapshot();
    for (named_count const& count : counts_of(*cache, stored)) out[count.name] = count.value;
    out["cache"] = {
        {"answers", stored.answers}, {"bytes", stored.bytes}, {"budget", stored.budget}, {"sessions", stored.sessions}};
  }
  out["threads"] = threads;
  out["guess"] = name_of(now.guess);
  out["max_redirects"] = now.settings.max_redirects;
  out["max_retries"] = now.settings.max_retries;
  out["single_guess"] = now.settings.single_guess;
  out["accel_path"] = name_of(now.accel);
  out["underscores_in_fields"] = name_of(now.odd);
  out["upstreams"] = nlohmann::ordered_json::array();
  for (balancer::upstream_status const& u : now.upstreams)
    out["upstreams"].push_back({{"name", u.name},
                                {"in_rotation", u.in_rotation},
                                {"healthy", u.healthy},
                                {"avoided", u.avoided},
                                {"weight", u.weight},
                                {"waiting", u.waiting},
                                {"in_flight", u.in_flight},
                                {"hops", u.counters.hops},
                                {"redirects", u.counters.redirects},
                                {"failures", u.counters.failures},
                                {"bad_answers", u.counters.bad_answers}});
  nlohmann::ordered_json histogram = nlohmann::ordered_json::array();
  auto const buckets = cumulative_latency(shell);
  for (auto const& [bound, count] : buckets) histogram.push_back({{"le_s", bound}, {"count", count}});
  out["latency"] = {{"count", buckets.back().second},
                    {"sum_s", static_cast<double>(shell.latency_sum_us.load()) / 1e6},
                    {"buckets", histogram}};
  return out.dump(2) + "\n";
}

void serve_admin(tcp_socket socket, balancer& shared, cache::shared_cache* cache, admin_settings const& s) {
  std::make_shared<admin_connection>(std::move(socket), shared, cache, s)->read();
}

}
