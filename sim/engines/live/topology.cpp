#include "sim/engines/live/topology.hpp"

#include "sim/actors/run_script.hpp"
#include "sim/engines/live/admin.hpp"
#include "sim/engines/live/clock.hpp"
#include "sim/engines/live/command_balancer.hpp"
#include "sim/engines/live/nginx_config.hpp"
#include "sim/engines/live/node_configs.hpp"
#include "sim/engines/live/paths.hpp"
#include "sim/engines/live/reach.hpp"
#include "sim/scenario/cases.hpp"
#include "sim/scenario/node_names.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

namespace sim::live {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr actors::run_script script;

/// The directory will be emptied: it may hold nothing but an earlier run's files.
void check_is_ours(fs::path const& root) {
  std::error_code error;
  if (fs::exists(root, error) && !fs::is_directory(root, error))
    throw could_not_run(root.string() + " is no directory, and a run needs it for its own files");
  static constexpr std::string_view known[] = {"logs", "journals", "configs", "balancers", "nginx", "redis"};
  for (fs::directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
    std::string const name = at->path().filename().string();
    if (std::find(std::begin(known), std::end(known), name) == std::end(known))
      throw could_not_run(root.string() + " has " + name +
                          " in it, which no run made; a run empties this directory: name another with --out");
  }
}

}

void run_directory::create() const {
  std::error_code error;
  check_is_ours(root);
  fs::remove_all(root, error);
  for (fs::path const& directory : {root, logs(), journals(), configs()}) {
    fs::create_directories(directory, error);
    if (error) throw could_not_run("cannot make " + directory.string() + ": " + error.message());
  }
}

topology::topology(asio::any_io_executor executor, scenario::scenario const& s, run_directory directory,
                   fakeproxy::cluster::token_key key, std::function<void(process&)> on_crash)
  : executor_(std::move(executor))
  , scenario_(s)
  , directory_(std::move(directory))
  , key_(key)
  , on_crash_(std::move(on_crash)) {
  // The ports that the scenario asks for come first, lest they be picked for something else.
  std::uint16_t const first = s.topology.proxies.first_port;
  for (std::uint32_t i = 0; i < s.topology.proxies.count; ++i)
    proxies_.push_back({scenario::proxy_name(i), 0, reserve(first == 0 ? first : static_cast<std::uint16_t>(first + i)),
                        std::string()});
  for (proxy_node& proxy : proxies_) proxy.eve = reserve();
  for (std::uint32_t i = 0; i < s.topology.sols.count; ++i) sols_.push_back({scenario::sol_name(i), 0, reserve()});
  if (scenario::has_redis(s)) redis_ = reserve();
  for (scenario::balancer_identity& identity : scenario::balancers_of(s)) {
    bool const external = scenario::traits_of(identity.settings->kind).started_by == scenario::launcher::nobody;
    std::size_t const position =
        static_cast<std::size_t>(std::count_if(balancers_.begin(), balancers_.end(), [&](balancer_node const& other) {
          return other.identity.settings == identity.settings;
        }));
    std::string const address = external ? identity.settings->addresses.at(position) : reserve();
    asio::ip::tcp::endpoint const where = external ? external_endpoint(identity.name, address) : endpoint_of(address);
    balancers_.push_back({std::move(identity), {}, where, false, external ? address : ""});
  }
}

std::string topology::reserve(std::uint16_t port) {
  ports_.emplace_back(port);
  return ports_.back().address();
}

void topology::write(fs::path const& file, std::string const& text) const {
  std::ofstream out(file);
  out << text;
  out.close();
  if (!out) throw could_not_run("cannot write " + file.string());
}

json topology::cluster_config(std::string const& name) const {
  json config = cluster_settings(scenario_);
  config["token_key"] = hex(key_);
  config["admin"] = "127.0.0.1:0";
  config["reuse_port"] = true; // beside our reservation
  config["journal_directory"] = fs::absolute(directory_.journals()).string();
  config["seed"] = node_seed(scenario_.seed, name);
  config["nodes"] = json::array();
  for (sol_node const& sol : sols_) config["sols"].push_back(sol.rpc);
  return config;
}

void topology::add_cluster_hosts(bool proxies) {
  auto const layout = proxies ? scenario_.topology.proxies.process : scenario_.topology.sols.process;
  bool const shared = layout == scenario::process_layout::shared;
  std::size_t const count = proxies ? proxies_.size() : sols_.size();
  json config;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == 0 || !shared) {
      std::string const name = shared ? (proxies ? "proxies" : "sols") : (proxies ? proxies_[i].name : sols_[i].name);
      fs::path const file = directory_.configs() / (name + ".json");
      hosts_.push_back({name,
                        program_beside_us("crest-fakeproxy"),
                        {"--config", file.string()},
                        proxies ? host_role::proxy : host_role::sol});
      config = cluster_config(name);
    }
    (proxies ? proxies_[i].host : sols_[i].host) = hosts_.size() - 1;
    if (proxies) {
      config["nodes"].push_back(
          {{"role", "proxy"}, {"index", i}, {"listen", proxies_[i].http}, {"eve_listen", proxies_[i].eve}});
    } else {
      config["nodes"].push_back({{"role", "sol"}, {"index", i}, {"listen", sols_[i].rpc}});
    }
    if (!shared || i + 1 == count) write(hosts_.back().arguments.back(), config.dump(2));
  }
}

void topology::add_balancer_host(std::size_t index) {
  balancer_node& node = balancers_[index];
  scenario::balancer_group const& group = *node.identity.settings;
  std::string const& name = node.identity.name;
  if (scenario_.load.tls && !tls_) tls_ = make_certificate(fs::absolute(directory_.configs()));
  balancer_place const place = place_of(node);

  switch (scenario::traits_of(group.kind).started_by) {
  case scenario::launcher::crest_gateway: {
    actors::gateway_settings const as = actors::settings_of(group);
    json config = gateway_config(as);
    config["listen"] = json::array({place.listen});
    config["reuse_port"] = true; // beside our reservation
    config["upstreams"] = place.upstreams;
    config["seed"] = node_seed(scenario_.seed, name);
    config["admin"] = "127.0.0.1:0";
    config["journal"] = {{"file", fs::absolute(journal_of(name)).string()}};
    if (as.keeps_map) {
      fs::create_directories(place.prefix);
      config["token_map_file"] = (place.prefix / "token-map").string();
    }
    if (group.shared_map) {
      config["shared_map"]["redis"] = redis_;
      config["shared_map"]["key"] = hex(key_) + hex(key_); // of this run, as the tokens are
    }
    if (tls_) {
      config["listen"] = {{{"address", place.listen}, {"tls", true}}};
      config["tls"] = {{"certificates", {{{"certificate", tls_->certificate.string()}, {"key", tls_->key.string()}}}}};
    }
    fs::path const file = directory_.configs() / (name + ".json");
    write(file, config.dump(2));
    hosts_.push_back({name, program_beside_us("crest-gateway"), {"--config", file.string()}, host_role::balancer});
    break;
  }
  case scenario::launcher::nginx: {
    fs::create_directories(place.prefix);
    write(place.config, nginx_config(group, place).text);
    hosts_.push_back({name, find_nginx(), nginx_arguments(place), host_role::balancer, {readiness::sign::connection}});
    break;
  }
  case scenario::launcher::command:
    add_command_host(node, place);
    break;
  case scenario::launcher::nobody: // it runs already
    return;
  }
  node.host = hosts_.size() - 1;
}

balancer_place topology::place_of(balancer_node const& node) const {
  balancer_place place;
  place.listen = node.where.address().to_string() + ":" + std::to_string(node.where.port());
  for (proxy_node const& proxy : proxies_) place.upstreams.push_back(proxy.http);
  place.prefix = fs::absolute(directory_.prefix_of(node.identity.name));
  place.config = fs::absolute(directory_.configs() / (node.identity.name + ".conf"));
  place.tls = tls_;
  place.ports_known = scenario_.topology.proxies.first_port != 0;
  return place;
}

std::string topology::where_of(std::string const& node) const { return scenario_.file.string() + ": " + node; }

void topology::add_command_host(balancer_node const& node, balancer_place const& place) {
  scenario::command_settings const& settings = node.identity.settings->program;
  std::string const& name = node.identity.name;
  fs::create_directories(place.prefix);
  command_balancer const balancer(settings, place, where_of(name));
  config::filled_text const configuration = balancer.configuration();
  if (!settings.config.empty()) write(place.config, configuration.text);
  if (!settings.stop.command.empty()) balancer.stop(0); // what is missing is known now rather than when it is needed
  if (!settings.reload.command.empty()) balancer.reload(0);
  filled_command start = balancer.start();
  bool const asks = !settings.ready_path.empty() && !place.tls;
  readiness ready{asks ? readiness::sign::answer : readiness::sign::connection, settings.ready_path,
                  settings.ready_within};
  hosts_.push_back(
      {name, std::move(start.program), std::move(start.arguments), host_role::balancer, std::move(ready), &settings});
}

asio::awaitable<exit_status> topology::tell(host& h, std::string what, request_of request) {
  auto const node = std::find_if(balancers_.begin(), balancers_.end(),
                                 [&h](balancer_node const& b) { return b.identity.name == h.name; });
  balancer_place const place = place_of(*node);
  command_balancer const balancer(*h.started_as, place, where_of(h.name));
  filled_command how = (balancer.*request)(h.process->pid());
  command asks{h.name + ": " + what, std::move(how.program), std::move(how.arguments), h.process->what().log, true};
  process asking(executor_, std::move(asks));
  if (!co_await asking.wait(script.stop)) co_await asking.kill();
  co_return asking.status();
}

asio::awaitable<void> topology::ask_to_end(host& h) {
  if (!h.started_as || h.started_as->stop.command.empty()) {
    h.process->terminate();
    co_return;
  }
  h.process->expect_end();
  exit_status const status = co_await tell(h, "stop", &command_balancer::stop);
  h.stop_failure = status.clean() ? std::string() : status.text();
}

namespace {

/// Whether a process that was asked to end did so. Programs of others may do that by the signal itself, or say 128 +
/// it.
bool ended_as_asked(host const& h, exit_status const& status) {
  if (status.clean()) return true;
  if (!h.started_as) return false;
  int const asked = h.process->what().stop_signal;
  return h.started_as->stop.command.empty() && (status.signal == asked || status.code == 128 + asked);
}

}

void topology::add_redis_host() {
  std::string const port = redis_.substr(redis_.rfind(':') + 1);
  fs::path const directory = fs::absolute(directory_.root / "redis");
  fs::create_directories(directory);
  redis_host_ = hosts_.size();
  hosts_.push_back({scenario::redis_node,
                    find_program("redis-server", "a shared map", "redis-server"),
                    {"--bind", "127.0.0.1", "--port", port, "--dir", directory.string(), "--save", "", "--appendonly",
                     "no", "--daemonize", "no"},
                    host_role::store,
                    {readiness::sign::connection}});
}

void topology::spawn(host& h) {
  command what{h.name, h.program, h.arguments, directory_.logs() / (h.name + ".log")};
  what.stdout_too = h.ready.by != readiness::sign::line;
  if (h.started_as && h.started_as->stop.signal != 0) what.stop_signal = h.started_as->stop.signal;
  h.spawned_ns = now_ns();
  h.process = std::make_unique<process>(executor_, std::move(what));
  h.process->on_crash(on_crash_);
  at_step("started " + h.name);
}

asio::awaitable<void> topology::await_ready(std::size_t index) {
  if (hosts_[index].ready.by == readiness::sign::line) {
    std::string const line = co_await hosts_[index].process->ready_line(hosts_[index].ready.within);
    json const ready = json::parse(line, nullptr, false);
    if (ready.is_discarded() || ready.value("event", "") != "ready")
      throw could_not_run(hosts_[index].name + ": not a ready line: " + line.substr(0, 200));
    if (auto const admin = ready.find("admin"); admin != ready.end() && admin->is_string())
      hosts_[index].admin = admin->get<std::string>();
    auto const restored = ready.find("restored");
    bool const knows = restored != ready.end() && restored->is_number_unsigned();
    hosts_[index].restored = knows ? std::optional(restored->get<std::uint64_t>()) : std::nullopt;
    at_step("ready " + hosts_[index].name);
    co_return;
  }
  auto const node =
      std::find_if(balancers_.begin(), balancers_.end(), [index](balancer_node const& b) { return b.host == index; });
  asio::ip::tcp::endpoint const where = index == redis_host_ ? endpoint_of(redis_) : node->where;
  readiness const ready = hosts_[index].ready;
  std::string failure;
  if (ready.by == readiness::sign::answer) {
    failure = co_await answers_requests(where, ready.path, ready.within);
    if (!failure.empty()) failure = "GET " + ready.path + ": " + failure;
  } else if (!co_await accepts_connections(where, ready.within)) {
    failure = "it does not accept connections";
  }
  if (!failure.empty())
    throw could_not_run(hosts_[index].name + " was not ready within " +
                        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(ready.within).count()) +
                        " ms: " + failure + "; its output begins:\n" + hosts_[index].process->first_lines());
  hosts_[index].process->is_ready();
  at_step("ready " + hosts_[index].name);
}

asio::awaitable<void> topology::reach_externals(std::size_t first, std::size_t count) {
  std::vector<external_balancer> externals;
  for (std::size_t i = first; i < first + count; ++i) {
    balancer_node const& node = balancers_[i];
    bool const joins_later = node.identity.event && count > 1;
    if (!node.address.empty() && !joins_later)
      externals.push_back({node.identity.name, node.address, node.where, scenario_.load.tls});
  }
  co_await reach(std::move(externals), script.reach);
}

asio::awaitable<void> topology::start() {
  co_await reach_externals(0, balancers_.size()); // before anything is started for them
  // All are added before one is spawned: what cannot be started, such as a program that is missing, is known at once.
  add_cluster_hosts(false);
  add_cluster_hosts(true);
  if (!redis_.empty()) add_redis_host();
  std::set<std::size_t> later;
  for (std::size_t i = 0; i < balancers_.size(); ++i) {
    add_balancer_host(i);
    balancers_[i].started = !balancers_[i].identity.event;
    if (!balancers_[i].started && balancers_[i].host) later.insert(*balancers_[i].host);
  }
  for (host_role const role : {host_role::sol, host_role::proxy, host_role::store, host_role::balancer}) {
    std::vector<std::size_t> of_role;
    for (std::size_t i = 0; i < hosts_.size(); ++i)
      if (hosts_[i].role == role && !later.contains(i)) of_role.push_back(i);
    for (std::size_t const i : of_role) spawn(hosts_[i]);
    for (std::size_t const i : of_role) co_await await_ready(i);
  }
}

asio::awaitable<void> topology::start_balancer(std::size_t index) {
  balancers_[index].started = true;
  if (!balancers_[index].host) co_return co_await reach_externals(index, 1);
  spawn(hosts_[*balancers_[index].host]);
  co_await await_ready(*balancers_[index].host);
}

std::size_t topology::host_of(std::string const& node) const {
  for (proxy_node const& proxy : proxies_)
    if (proxy.name == node) return proxy.host;
  for (sol_node const& sol : sols_)
    if (sol.name == node) return sol.host;
  for (balancer_node const& balancer : balancers_)
    if (balancer.identity.name == node && balancer.host) return *balancer.host;
  if (node == scenario::redis_node && redis_host_) return *redis_host_;
  throw could_not_run("no process of node " + node);
}

asio::awaitable<void> topology::kill(std::string node) {
  std::size_t const index = host_of(node);
  hosts_[index].admin.clear();
  co_await hosts_[index].process->kill();
}

asio::awaitable<std::optional<std::uint64_t>> topology::restart(std::string node, bool graceful) {
  std::size_t const index = host_of(node);
  hosts_[index].admin.clear();
  if (graceful) {
    co_await ask_to_end(hosts_[index]);
    co_await hosts_[index].process->stop(script.stop);
  } else {
    co_await hosts_[index].process->kill();
  }
  spawn(hosts_[index]);
  co_await await_ready(index);
  co_return hosts_[index].restored;
}

asio::awaitable<void> topology::reload(std::string node) {
  host& h = hosts_[host_of(node)];
  if (!h.started_as || h.started_as->reload.command.empty()) {
    h.process->signal(h.started_as ? h.started_as->reload.signal : SIGHUP);
    co_return;
  }
  exit_status const status = co_await tell(h, "reload", &command_balancer::reload);
  if (!status.clean())
    throw could_not_run(node + ": its reload failed: " + status.text() + "; its log ends:\n" +
                        last_lines(h.process->what().log, 5));
}

asio::awaitable<std::vector<std::string>> topology::stop(std::chrono::nanoseconds patience) {
  // Backwards: those who ask before those who answer. A role's processes end together.
  std::vector<std::string> complaints;
  for (host_role const role : {host_role::balancer, host_role::store, host_role::proxy, host_role::sol}) {
    std::vector<host*> ending;
    for (host& h : hosts_)
      if (h.role == role && h.process && h.process->running()) ending.push_back(&h);
    for (host* h : ending) co_await ask_to_end(*h);
    for (host* h : ending) {
      exit_status const status = co_await h->process->stop(patience);
      if (!ended_as_asked(*h, status))
        complaints.push_back(
            h->process->obituary() +
            (h->stop_failure.empty() ? "" : "\nits \"stop\" command had not ended it: " + h->stop_failure));
      at_step("stopped " + h->name);
    }
  }
  co_return complaints;
}

bool topology::running(std::string const& node) const {
  host const& h = hosts_[host_of(node)];
  return h.process && h.process->running();
}

std::set<std::string> topology::running() const {
  std::set<std::string> names;
  auto const add = [&](std::string const& name, std::optional<std::size_t> host) {
    if (host && *host < hosts_.size() && hosts_[*host].process && hosts_[*host].process->running()) names.insert(name);
  };
  for (balancer_node const& balancer : balancers_) add(balancer.identity.name, balancer.host);
  for (proxy_node const& proxy : proxies_) add(proxy.name, proxy.host);
  for (sol_node const& sol : sols_) add(sol.name, sol.host);
  add(scenario::redis_node, redis_host_);
  return names;
}

std::string topology::admin_of(std::string const& node) const { return hosts_[host_of(node)].admin; }

std::int64_t topology::spawned_ns(std::string const& node) const { return hosts_[host_of(node)].spawned_ns; }

fs::path topology::journal_of(std::string const& node) const { return directory_.journals() / (node + ".journal"); }

}
