#pragma once

#include "base/config/document.hpp"
#include "gateway/admission/rate_limit.hpp"
#include "gateway/cache/shared_cache.hpp"
#include "gateway/exchange/course.hpp"
#include "gateway/http/accel_target.hpp"
#include "gateway/http/digest.hpp"
#include "gateway/http/field_names.hpp"
#include "gateway/net/address_ranges.hpp"
#include "gateway/net/resolve.hpp"
#include "gateway/net/tls/tls.hpp"
#include "gateway/routing/default_limits.hpp"
#include "gateway/routing/route.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The shell of the gateway: sockets, files and clocks around gateway/routing and gateway/http.
namespace gateway::net {

extern std::string_view const config_schema;

using std::chrono::nanoseconds;

/// Addresses outside the list of upstreams that a redirect may lead to.
struct allowed_range {
  address_range network;
  std::uint16_t first_port = 1;
  std::uint16_t last_port = 65535;

  bool contains(boost::asio::ip::address const& address, std::uint16_t port) const {
    return port >= first_port && port <= last_port && network.contains(address);
  }
};

/// A listener: an address where clients connect, and the protocol spoken there.
struct listener_settings {
  place at;
  bool tls = false;
  /// Without TLS: clients are only redirected to this port, which has it.
  std::optional<std::uint16_t> https_port{};

  bool operator==(listener_settings const&) const = default;
};

/// gateway.schema.json says what each duration covers.
struct timeouts {
  nanoseconds client_head = std::chrono::seconds(60);
  nanoseconds client_idle = std::chrono::seconds(75);
  nanoseconds client_body = std::chrono::seconds(60);
  nanoseconds body_pause = std::chrono::seconds(1); // chosen: longer than usual round trips
  nanoseconds client_total = std::chrono::minutes(15);
  nanoseconds client_send = std::chrono::seconds(60);
  nanoseconds guess_wait{gateway::exchange::default_guess_wait};
  nanoseconds connect = std::chrono::seconds(5);
  nanoseconds answer = routing::default_limits.answer;
  nanoseconds request = std::chrono::seconds(120);
  nanoseconds upstream_idle = routing::default_limits.upstream_idle;
  nanoseconds linger = std::chrono::seconds(30); // this and the next as in nginx
  nanoseconds linger_idle = std::chrono::seconds(5);
  nanoseconds tunnel_idle = std::chrono::hours(1);
  nanoseconds tunnel_drain = std::chrono::seconds(5);
  nanoseconds drain = routing::default_limits.drain;
  nanoseconds token_map_file = std::chrono::seconds(5); // chosen: a hundred times what a million entries take
};

/// When an upstream is asked for a request with a body; gateway.schema.json has the details.
enum class request_buffering : std::uint8_t { on, off, automatic };

/// As a configuration writes it.
constexpr std::string_view name_of(request_buffering value) {
  switch (value) {
  case request_buffering::on:
    return "on";
  case request_buffering::off:
    return "off";
  case request_buffering::automatic:
    return "auto";
  }
  return {};
}

/// Limits on one address, one token, and one upstream. nullopt: no limit.
struct client_limits {
  std::optional<std::uint32_t> connections_per_address;
  std::optional<admission::rate> requests_per_address, requests_per_token;
  struct upstream_slots {
    std::uint32_t at_once = 0;
    std::uint32_t waiting = 0;
  };
  std::optional<upstream_slots> requests_per_upstream;
  std::optional<std::uint32_t> websockets; // open at a time, for all clients together
  std::uint32_t head_fields = 100;
  std::uint32_t body_rate = 0; // bytes a second; 0: no limit
};

struct upstream_settings {
  place at;
  std::uint32_t weight = 1;
};

struct health_check_settings {
  std::string path = "/";
  nanoseconds interval = std::chrono::seconds(5);
  nanoseconds timeout = std::chrono::seconds(1);
  std::uint32_t failures = 3, successes = 2; // in a row

  bool operator==(health_check_settings const&) const = default;
};

/// A token map that balancers share, in a Redis.
struct shared_map_settings {
  place at;
  http::shared_map_key key{};
  nanoseconds ttl = std::chrono::hours(1);
  nanoseconds timeout = std::chrono::milliseconds(3); // for a request that waits for it
  std::string prefix = "crest:";                      // of every key written there
  std::string password{};                             // empty: none
  std::uint32_t database = 0;

  bool operator==(shared_map_settings const&) const = default;
};

/// Field lines of an answer. Chosen: many times more than any server sends.
inline constexpr std::uint32_t most_answer_fields = 1'000;

/// A configuration as the gateway runs it: checked, with defaults filled in.
struct settings {
  std::vector<listener_settings> listen;
  bool reuse_port = false;         // other processes may serve these addresses as well
  std::shared_ptr<server_tls> tls; // nullptr: no certificates
  std::string hsts;                // value of Strict-Transport-Security (RFC 6797) for answers over TLS; empty: none
  std::vector<upstream_settings> upstreams;
  std::shared_ptr<client_tls const> upstream_tls; // nullptr: no TLS to upstreams
  routing::guess_policy guess = routing::guess_policy::random;
  std::optional<std::uint64_t> token_map_bytes = 10u << 20; // nullopt: off
  std::filesystem::path token_map_file;                     // empty: the map ends with the process
  std::uint32_t threads = 1;
  std::optional<std::uint64_t> seed;
  std::optional<place> admin;
  bool admin_writes = false;
  std::filesystem::path access_log;   // empty: none
  std::filesystem::path journal_file; // empty: none
  routing::router_settings routing;
  std::vector<allowed_range> allow_redirects_to;
  std::optional<health_check_settings> health_checks;
  std::optional<cache::cache_settings> cache;    // nullopt: nothing is stored
  std::optional<shared_map_settings> shared_map; // nullopt: each balancer has only its own
  net::trusted_proxies trusted_proxies;
  std::vector<std::string> methods; // methods served; empty: all that the gateway knows
  std::string allow;                // the same as a list
  std::vector<std::string> paths;   // paths served, each with everything below it
  bool websocket = false;           // such requests may become a tunnel
  http::accel_path accel_path = http::accel_path::same;
  http::odd_names odd_names = http::odd_names::drop;
  std::uint32_t max_head = 16 * 1024;
  std::uint64_t max_body = 64u << 20;
  std::uint64_t body_in_memory = 64 * 1024;
  net::request_buffering request_buffering = net::request_buffering::automatic;
  std::filesystem::path body_directory = "/tmp";
  std::uint32_t idle_per_upstream = routing::default_limits.idle_per_upstream;
  client_limits limits;
  net::timeouts timeouts;

  http::head_limits request_limits() const { return {.bytes = max_head, .fields = limits.head_fields}; }
  http::head_limits answer_limits() const { return {.bytes = max_head, .fields = most_answer_fields}; }
};

/// Reads a configuration whose values were already checked against the schema, and resolves its host names, which may
/// block. Throws config::bad_input.
settings read_settings(config::document const& document, name_resolver const& names = resolve);

/// Resets values in a reread configuration that only a restart can change, and returns the keys whose new values have
/// to wait for one, comma-separated; empty without any.
std::string keep_what_needs_a_restart(settings const& in_force, settings& fresh);

}
