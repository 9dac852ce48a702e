#pragma once

#include "base/randomness/distribution.hpp"
#include "gateway/routing/guess_policy.hpp"
#include "sim/scenario/access_log/form.hpp"
#include "sim/scenario/balancer_kind.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A scenario as the engines see it: every default filled in, every reference checked.
/// The file's own words are in scenarios/scenario.schema.json; the names here follow them. What the file writes as a
/// word is an enumeration with a `name_of` (base/config/words.hpp).
namespace sim::scenario {

using nanoseconds = std::chrono::nanoseconds;

using gateway::routing::guess_policy;

/// The article's configurations of nginx, or one of the user's own.
enum class nginx_rules : std::uint8_t { guess, lua_map, own_template };

constexpr std::string_view name_of(nginx_rules value) {
  switch (value) {
  case nginx_rules::guess:
    return "guess";
  case nginx_rules::lua_map:
    return "lua_map";
  case nginx_rules::own_template:
    return "template";
  }
  return {};
}

/// A comparison with a number, as thresholds and `expect_violations` use it.
enum class comparison : std::uint8_t { less, less_equal, greater, greater_equal, equal, not_equal };

struct violation_expectation {
  std::string invariant; // "intact", "at_most_once", …: see sim/judge/invariants.hpp
  comparison compare = comparison::greater;
  double bound = 0;
};

/// A gateway's HTTP cache. Keys as gateway.schema.json has them.
struct cache_settings {
  std::uint64_t bytes = 64u << 20;
  std::uint64_t max_answer = 1u << 20;    // at most half of `bytes`
  std::vector<std::string> session_facts; // names of answer fields
  nanoseconds facts_max_age = std::chrono::seconds(10);
  nanoseconds stale_if_unreachable{0}; // whole seconds
};

/// A token map in Redis behind each balancer's own. The run starts one Redis for all: redis[0].
struct shared_map_settings {
  nanoseconds ttl = std::chrono::hours(1);
  nanoseconds timeout = std::chrono::milliseconds(3); // that a request waits at most
};

/// How a program is told something: by a signal, or by a command that the run starts for it.
struct signal_or_command {
  int signal = 0;                   // 0: none
  std::vector<std::string> command; // program and arguments, with placeholders; empty: none

  auto operator<=>(signal_or_command const&) const = default; // NOLINT(modernize-use-nullptr): it takes the 0 inside
};

/// A balancer of kind `command`: any program that stays in the foreground. Placeholders: docs/scenarios.md.
struct command_settings {
  std::string name = "command";     // what its nodes are called: NAME[0]
  std::vector<std::string> command; // program and arguments, with placeholders; never empty
  std::filesystem::path config;     // template of {{config}}, absolute; empty: none
  std::string ready_path; // ready when a GET of it gets a status below 500; empty: when it accepts connections
  nanoseconds ready_within = std::chrono::seconds(20);
  std::vector<std::string> check; // says whether the configuration is good, by its exit status; empty: nothing can
  signal_or_command stop;         // neither: SIGTERM
  signal_or_command reload;       // neither: it cannot read its configuration again

  auto operator<=>(command_settings const&) const = default; // NOLINT(modernize-use-nullptr)
};

/// What theory takes a balancer for whose rules nobody here knows.
struct declared_routing {
  guess_policy guess = guess_policy::random;
  std::uint32_t map_entries = 0; // 0: it remembers nothing
};

/// One element of `topology.balancers`: `count` balancers that are alike.
struct balancer_group {
  std::string name; // for labels and reports; each group of the topology has one of its own
  balancer_kind kind = balancer_kind::gateway;
  std::uint32_t count = 1;
  // gateway
  guess_policy guess = guess_policy::random;
  std::optional<std::uint64_t> token_map_bytes = 10u << 20; // nullopt: off
  bool keeps_map = false;                                   // over a restart, in a token_map_file
  std::uint32_t threads = 1;
  std::uint32_t max_redirects = 3;
  std::optional<cache_settings> cache;           // nullopt: none
  std::optional<shared_map_settings> shared_map; // likewise
  // nginx
  nginx_rules nginx_config = nginx_rules::lua_map;
  std::filesystem::path nginx_template; // of own_template; absolute
  // command
  command_settings program;
  // external
  std::vector<std::string> addresses; // HOST:PORT, one balancer each; count == addresses.size()
  // command and external
  std::optional<declared_routing> routes_as;

  std::vector<violation_expectation> expect_violations;

  /// What its nodes are called, without the number.
  std::string_view node_name() const {
    return traits_of(kind).started_by == launcher::command ? std::string_view(program.name) : name_of(kind);
  }

  /// Whether it can be told to read its configuration again.
  bool can_reload() const {
    switch (traits_of(kind).started_by) {
    case launcher::crest_gateway:
      return true;
    case launcher::nginx: // as a single process, it runs out of connections when it does
      return false;
    case launcher::command:
      return program.reload.signal != 0 || !program.reload.command.empty();
    case launcher::nobody:
      return false;
    }
    return false;
  }

  /// Whether it remembers token → proxy, as far as is known or declared.
  bool has_map() const {
    switch (traits_of(kind).map) {
    case map_bound::token_map:
      return token_map_bytes.has_value();
    case map_bound::lua_shared_dict:
      return nginx_config != nginx_rules::guess;
    case map_bound::declared:
      return routes_as && routes_as->map_entries > 0;
    }
    return false;
  }

  /// Whether it is known, and not only declared, how it guesses, and when it learns and forgets.
  bool rules_known() const {
    switch (traits_of(kind).rules) {
    case routing_rules::guess_policy:
      return true;
    case routing_rules::nginx_config:
      return nginx_config != nginx_rules::own_template;
    case routing_rules::declared:
      return false;
    }
    return false;
  }
};

using randomness::constant_time;
using randomness::empirical_time;
using randomness::exponential_time;
using randomness::lognormal_time;
using randomness::pareto_time;
using service_time = randomness::time_distribution;

/// Which of the requests at a proxy are worked on: the first `servers` of them, or all, each at its share.
enum class discipline : std::uint8_t { fifo, processor_sharing };

constexpr std::string_view name_of(discipline value) {
  switch (value) {
  case discipline::fifo:
    return "fifo";
  case discipline::processor_sharing:
    return "processor_sharing";
  }
  return {};
}

/// Whether each node is a process of its own (so that it can be killed) or all of a role share one.
enum class process_layout : std::uint8_t { each, shared };

constexpr std::string_view name_of(process_layout value) {
  switch (value) {
  case process_layout::each:
    return "each";
  case process_layout::shared:
    return "shared";
  }
  return {};
}

/// What the proxies show under a path, for caches. Keys as docs/wire.md has them.
struct resource {
  std::string path;
  std::string cache_control, vary; // empty: none
  std::string validators = "none";
  std::uint32_t bytes = 256;
  nanoseconds changes_every{0}; // 0: never
  std::string audience = "everyone";
};

/// In which corporation each character is.
struct corporations {
  std::uint32_t count = 1;
  nanoseconds change_every{0}; // 0: nobody changes
  double changing = 0;         // share of the characters
};

struct proxy_settings {
  std::uint32_t count = 1;
  process_layout process = process_layout::each;
  std::uint32_t servers = 0; // concurrent requests in service; 0: no limit
  sim::scenario::discipline discipline = sim::scenario::discipline::fifo;
  sim::scenario::service_time service_time = constant_time{};
  nanoseconds redirect_time{0};
  std::uint32_t answer_bytes = 256;
  nanoseconds lease = std::chrono::seconds(3);
  std::vector<resource> resources;
  std::optional<sim::scenario::corporations> corporations;
  std::uint16_t first_port = 0; // proxy[I] listens on 127.0.0.1:(first_port + I); 0: ports that are free
};

struct sol_settings {
  std::uint32_t count = 1;
  process_layout process = process_layout::each;
  nanoseconds rpc_delay{0};
};

struct topology {
  std::vector<balancer_group> balancers;
  proxy_settings proxies;
  sol_settings sols;
};

/// How characters share the requests. `zipf == 0` is uniform.
struct population {
  std::uint32_t characters = 1000;
  double logged_in = 0;            // share with a session through an EVE client when the run starts
  double zipf = 0;                 // exponent; 0: uniform
  std::uint32_t token_bytes = 40;  // length of the token text after "Bearer "
  double token_rotation_rps = 0;   // token changes per second over the whole population (same character, new token)
  double junk_share = 0;           // share of requests with a token nobody issued (answered 401)
  double no_token_share = 0;       // share of requests without Authorization
  std::uint32_t eve_clients = 0;   // live EVE client connections; their characters are the first of the logged-in
  double eve_request_rate_rps = 1; // per EVE client
  double eve_notification_rate_rps = 1; // per EVE client
};

enum class load_kind : std::uint8_t { closed, constant_rate, ramping_rate, poisson, trace };

constexpr std::string_view name_of(load_kind value) {
  switch (value) {
  case load_kind::closed:
    return "closed";
  case load_kind::constant_rate:
    return "constant_rate";
  case load_kind::ramping_rate:
    return "ramping_rate";
  case load_kind::poisson:
    return "poisson";
  case load_kind::trace:
    return "trace";
  }
  return {};
}

/// What becomes of a trace whose pauses are longer than `max_gap`: bad input, or they become as long as that.
enum class gap_choice : std::uint8_t { refuse, shorten };

constexpr std::string_view name_of(gap_choice value) {
  switch (value) {
  case gap_choice::refuse:
    return "refuse";
  case gap_choice::shorten:
    return "shorten";
  }
  return {};
}

enum class balancer_choice : std::uint8_t { uniform, per_connection, round_robin, address };

constexpr std::string_view name_of(balancer_choice value) {
  switch (value) {
  case balancer_choice::uniform:
    return "uniform";
  case balancer_choice::per_connection:
    return "per_connection";
  case balancer_choice::round_robin:
    return "round_robin";
  case balancer_choice::address:
    return "address";
  }
  return {};
}

struct mix_entry {
  std::string method = "GET";
  double weight = 1;
  std::uint32_t body_bytes = 0;
  bool chunked = false;             // send the body with Transfer-Encoding: chunked
  std::vector<std::string> targets; // request targets in turn; "{character}" is replaced. Empty: the load's own
};

struct ramp_stage {
  double rate_rps = 0; // reached linearly at the end of the stage
  nanoseconds duration{0};
};

struct load {
  load_kind kind = load_kind::closed;
  // closed
  std::uint32_t requests_per_character = 1;
  std::uint32_t concurrency = 64; // characters that are active at a time
  nanoseconds think_time{0};
  // open
  double rate_rps = 0;
  double start_rate_rps = 0;      // ramping_rate
  std::vector<ramp_stage> stages; // ramping_rate
  nanoseconds duration{0};        // open kinds; closed: 0 = until all requests are done
  // trace
  std::filesystem::path file;                  // absolute; "-": stdin
  double speed = 1;                            // recorded time ÷ replayed time; 0: as fast as possible
  std::uint32_t max_requests = 0;              // 0: all
  nanoseconds max_gap = std::chrono::hours(1); // the longest pause between two requests, in replayed time
  gap_choice longer_gaps = gap_choice::refuse;
  access_log::form form;             // how `file` is to be read
  std::optional<double> max_skipped; // share of the log's lines; beyond it the run is invalid

  sim::scenario::balancer_choice balancer_choice = sim::scenario::balancer_choice::uniform;
  std::uint32_t connections_per_balancer = 64; // at most; open loops open more when all are busy, up to this
  std::uint32_t requests_per_connection = 0;   // then the client closes it; 0: no limit. Live runs only
  bool tls = false;                            // clients speak TLS to the balancers. Live runs only
  bool tls_resume = true;                      // a new connection resumes a session with its balancer
  std::uint32_t threads = 1;
  nanoseconds timeout = std::chrono::seconds(10);
  nanoseconds max_schedule_lag = std::chrono::milliseconds(100); // p(99) above this makes an open run invalid
  std::vector<mix_entry> mix;                                    // never empty after loading
  std::vector<std::string> targets;                              // request targets in turn; never empty after loading
};

struct phase {
  std::string name;
  nanoseconds until{std::numeric_limits<std::int64_t>::max()}; // from the start of load; the last has none
  std::optional<double> until_share; // closed load: phase ends when this share of all requests was started
};

/// What an event does; `key` is what the file calls it.
struct add_balancer {
  static constexpr char const* key = "add_balancer";
  balancer_group group;
};
struct kill_node {
  static constexpr char const* key = "kill";
  std::string node;
}; // SIGKILL
struct restart_node {
  static constexpr char const* key = "restart";
  std::string node;
  bool graceful = true;
}; // SIGTERM (or SIGKILL), then start again
struct reload_node {
  static constexpr char const* key = "reload";
  std::string node; // a balancer that can
};
struct move_sessions {
  static constexpr char const* key = "move_sessions";
  double share = 0;
  std::string from;
  std::string to = "random";
}; // from empty: any proxy
using action = std::variant<add_balancer, kill_node, restart_node, reload_node, move_sessions>;

struct event {
  nanoseconds at{0};              // from the start of load
  std::optional<double> at_share; // closed load: when this share of all requests was started
  std::string name;               // for reports and thresholds; default: action and node, such as "kill proxy[1]"
  scenario::action action;
};

struct threshold {
  std::string metric;                        // "redirect_ratio"
  std::map<std::string, std::string> labels; // phase, balancer, kind, group, reason, event, …
  std::string expression;                    // as written: "p(99)<50", "<0.04 @95%"
  bool abort_on_fail = false;
  nanoseconds abort_delay{0};
  std::string written;  // "redirect_ratio{phase:steady}"
  std::string path;     // where in the file, for messages
  std::size_t line = 0; // 0: set by --set
};

/// A part of the network that carries nothing for a while. What is sent meanwhile arrives afterwards, or (`breaks`)
/// connections end when it begins, and are made anew afterwards.
struct partition {
  enum class side : std::uint8_t { clients, balancer, proxy, sol }; // neighbours talk to each other
  struct end {
    side kind = side::clients;
    std::optional<std::uint32_t> index; // of balancers_of, or of proxies or sols; none: all
  };
  end from, to;                   // `to` is one side further from the clients
  nanoseconds begin{0}, over{0};  // from the start of the load
  bool breaks = false;            // connections: between proxies and sols only
  std::string from_name, to_name; // as written: "proxy[1]", "sols"
};

/// What only simulated time needs to be told: what sockets and processes cost by themselves when a run is live.
struct virtual_settings {
  // One way each.
  service_time client_delay = constant_time{std::chrono::microseconds(50)}; // client to balancer
  service_time proxy_delay = constant_time{std::chrono::microseconds(50)};  // balancer to proxy
  service_time rpc_delay = constant_time{std::chrono::microseconds(50)};    // proxy to sol, EVE client to proxy
  /// Balancer to Redis. The spread decides how often a token's next request, through another balancer, looks up before
  /// the entry is there: with these delays 0.6 % of the second requests that follow at once. Live, with a Redis on
  /// the same two cores, 38 of some 6,000 did (shared-map.json, seeds 1 to 4).
  service_time redis_delay = lognormal_time{std::chrono::microseconds(50), 0.45};
  double loss = 0;                                         // chance that a message is lost and sent again
  nanoseconds retransmit = std::chrono::milliseconds(200); // how long each loss delays it
  service_time balancer_time = constant_time{};            // of a balancer's thread for each hop
  nanoseconds start_time = std::chrono::milliseconds(100); // of a process that is restarted or added
  nanoseconds warm_up{0}; // from the start of the load: requests due before are in no metric
  bool failover = false;  // requests for a balancer that is dead go to one that runs
};

struct scenario {
  std::string name;
  std::string description;
  std::filesystem::path file;
  std::uint64_t seed = 1;
  sim::scenario::topology topology;
  sim::scenario::population population;
  sim::scenario::load load;
  std::vector<phase> phases; // never empty after loading
  std::vector<event> events; // by time
  std::vector<threshold> thresholds;
  std::vector<partition> partitions;
  virtual_settings simulated; // the section "virtual"
};

/// Names of all balancers from the start, in order: `gateway[0]`, `gateway[1]`, `nginx[0]`, …; numbered per kind, and
/// those of kind `command` per name. The name of a group is another matter, unless its kind is `command`.
/// Balancers that `add_balancer` events bring follow, in the order of the events.
struct balancer_identity {
  std::string name;
  std::size_t group;                // index in topology.balancers, or in `events` when added
  std::optional<std::size_t> event; // the add_balancer event that starts it
  balancer_group const* settings;   // points into the scenario
};
std::vector<balancer_identity> balancers_of(scenario const& s);

/// The node that holds the shared map, if any balancer has one.
inline constexpr char const* redis_node = "redis[0]";
bool has_redis(scenario const& s);

/// Whether balancers answer some requests from their caches.
bool has_caches(scenario const& s);

}
