#pragma once

#include "fakeproxy/cluster/token.hpp"
#include "sim/actors/gateway_settings.hpp"
#include "sim/actors/run_script.hpp"
#include "sim/engines/live/balancer_place.hpp"
#include "sim/engines/live/certificate.hpp"
#include "sim/engines/live/command_balancer.hpp"
#include "sim/engines/live/ports.hpp"
#include "sim/engines/live/process.hpp"
#include "sim/records/records.hpp"
#include "sim/scenario/scenario.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sim::live {

/// The run's private directory.
struct run_directory {
  std::filesystem::path root;

  std::filesystem::path logs() const { return root / "logs"; }
  std::filesystem::path journals() const { return root / "journals"; }
  std::filesystem::path configs() const { return root / "configs"; }
  /// A balancer's own, that its template calls {{prefix}}; made for those that have a template.
  std::filesystem::path prefix_of(std::string const& balancer) const { return root / "balancers" / balancer; }
  /// Empties and makes it. Throws `could_not_run`.
  void create() const;
};

enum class host_role : std::uint8_t { sol, proxy, store, balancer };

/// How it is known that a process is ready.
struct readiness {
  enum class sign : std::uint8_t { line, connection, answer };
  sign by = sign::line;                                         // of its stdout
  std::string path{};                                           // of `answer`
  std::chrono::nanoseconds within = actors::run_script().start; // of its start
};

/// One process and the nodes that live in it.
struct host {
  std::string name; // of its log: the node's, or "proxies" when all share it
  std::filesystem::path program;
  std::vector<std::string> arguments;
  host_role role = host_role::sol;
  readiness ready{};
  scenario::command_settings const* started_as = nullptr; // of a balancer of kind `command`
  std::unique_ptr<live::process> process{};
  std::string admin{};                     // HOST:PORT; empty: none
  std::int64_t spawned_ns = 0;             // this life of the process
  std::optional<std::uint64_t> restored{}; // of a balancer: what its ready line says of its token_map_file
  std::string stop_failure{};              // how its command for that ended, if not well
};

struct proxy_node {
  std::string name;
  std::size_t host = 0;
  std::string http, eve; // HOST:PORT
};

struct sol_node {
  std::string name;
  std::size_t host = 0;
  std::string rpc;
};

struct balancer_node {
  scenario::balancer_identity identity;
  std::optional<std::size_t> host; // none: external
  boost::asio::ip::tcp::endpoint where;
  bool started = false;
  std::string address; // as the scenario has it; empty: not external
};

/// Starts, restarts, kills and stops the processes of a scenario. On the executor's one thread.
class topology {
public:
  /// Reserves all ports and writes nothing. `on_crash` is called when a process ends that should not. `s` must outlive
  /// it. Throws `could_not_run`.
  topology(boost::asio::any_io_executor executor, scenario::scenario const& s, run_directory directory,
           fakeproxy::cluster::token_key key, std::function<void(process&)> on_crash);

  /// For tests: is told of each process that was started, is ready, or has stopped.
  std::function<void(std::string const&)> at_step = [](std::string const&) {};

  /// Sols, then proxies, then the balancers that are there from the start.
  boost::asio::awaitable<void> start();
  boost::asio::awaitable<void> start_balancer(std::size_t index);
  /// SIGKILL.
  boost::asio::awaitable<void> kill(std::string node);
  /// Stops the node's process (SIGTERM when graceful) and starts it again on the same ports. Returns how many tokens a
  /// balancer knows from its earlier life, if it says so.
  boost::asio::awaitable<std::optional<std::uint64_t>> restart(std::string node, bool graceful);
  /// Tells a balancer that can to read its configuration again. Throws `could_not_run` when the command for that fails.
  boost::asio::awaitable<void> reload(std::string node);
  /// Balancers, proxies, sols; each is given `patience`, then killed. Returns a line or more about each process that
  /// did not end cleanly.
  boost::asio::awaitable<std::vector<std::string>> stop(std::chrono::nanoseconds patience);

  std::vector<proxy_node> const& proxies() const { return proxies_; }
  std::vector<sol_node> const& sols() const { return sols_; }
  std::vector<balancer_node> const& balancers() const { return balancers_; }
  run_directory const& directory() const { return directory_; }

  /// Whether the node's process runs.
  bool running(std::string const& node) const;
  /// The nodes whose processes run.
  std::set<std::string> running() const;
  /// Admin address of a node, empty while it does not run.
  std::string admin_of(std::string const& node) const;
  /// When the present life of the node's process began, CLOCK_MONOTONIC.
  std::int64_t spawned_ns(std::string const& node) const;
  std::filesystem::path journal_of(std::string const& node) const;

private:
  std::size_t host_of(std::string const& node) const;
  std::string reserve(std::uint16_t port = 0);
  void add_cluster_hosts(bool proxies);
  void add_balancer_host(std::size_t index);
  void add_redis_host();
  /// Throws `could_not_run` when one of the external ones among them cannot be reached.
  boost::asio::awaitable<void> reach_externals(std::size_t first, std::size_t count);
  nlohmann::json cluster_config(std::string const& name) const;
  void write(std::filesystem::path const& file, std::string const& text) const;
  void add_command_host(balancer_node const& node, balancer_place const& place);
  balancer_place place_of(balancer_node const& node) const;
  std::string where_of(std::string const& node) const;
  void spawn(host& h);
  boost::asio::awaitable<void> await_ready(std::size_t index);
  /// Runs a command of the balancer's for it, to its end.
  using request_of = filled_command (command_balancer::*)(pid_t) const;
  boost::asio::awaitable<exit_status> tell(host& h, std::string what, request_of request);
  boost::asio::awaitable<void> ask_to_end(host& h);

  boost::asio::any_io_executor executor_;
  scenario::scenario const& scenario_;
  run_directory directory_;
  fakeproxy::cluster::token_key key_;
  std::function<void(process&)> on_crash_;
  std::optional<certificate_files> tls_; // made when the first balancer needs it
  std::vector<port_reservation> ports_;
  std::vector<host> hosts_;
  std::vector<proxy_node> proxies_;
  std::vector<sol_node> sols_;
  std::vector<balancer_node> balancers_;
  std::string redis_; // HOST:PORT; empty: none
  std::optional<std::size_t> redis_host_;
};

}
