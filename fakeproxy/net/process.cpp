#include "fakeproxy/net/process.hpp"

#include "files/standard_output.hpp"

#include <algorithm>
#include <stdexcept>
#include <unistd.h>

namespace fakeproxy::net {

using cluster::millisecond;

namespace {

constexpr std::chrono::milliseconds tick_time(50);
/// How long `ready` waits for the sols; a cluster whose sols are away is started all the same.
constexpr cluster::duration longest_start = 1000 * millisecond;
/// Balancers may be about to use a connection that they believe idle: so long it stays open while leaving.
constexpr cluster::duration quiet_time = 300 * millisecond;
constexpr cluster::duration longest_leave = 5000 * millisecond;
/// Time for the last messages to the sols.
constexpr cluster::duration farewell_time = 100 * millisecond;

}

process::process(process_settings settings)
  : settings_(std::move(settings)) {
  auto const bind = [](std::string const& what, auto make) {
    try {
      return make();
    } catch (std::runtime_error const& failed) {
      throw std::runtime_error(what + ": " + failed.what());
    }
  };
  for (node_settings const& node : settings_.nodes) {
    if (node.role != role::sol) continue;
    sols_.push_back(bind(node.name(), [&] { return std::make_unique<sol_server>(io_, settings_, node); }));
    settings_.sols[node.index] = sols_.back()->address();
  }
  for (tcp::endpoint const& sol : settings_.sols) {
    if (sol.port() == 0) throw config::bad_input("'sols' names port 0 for a sol that is not in this process");
  }
  auto const local = [this](cluster::incarnation who) {
    return std::any_of(proxies_.begin(), proxies_.end(), [&](auto const& p) { return p->node().id() == who; });
  };
  for (node_settings const& node : settings_.nodes) {
    if (node.role != role::proxy) continue;
    proxies_.push_back(bind(node.name(), [&] { return std::make_unique<proxy_server>(io_, settings_, node, local); }));
  }
  if (settings_.admin) {
    admin_ = bind("admin", [&] {
      return std::make_unique<admin_server>(
          io_, *settings_.admin,
          [this](admin_server::request const& request, admin_server::respond respond) { on_admin(request, respond); });
    });
  }
}

void process::run() {
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.async_wait([this](error_code ec, int) {
    if (ec) return;
    if (stage_ == stage::starting) print_ready();
    stage_ = stage::leaving;
    since_ = now();
    for (auto const& p : proxies_) p->begin_leaving();
  });
  for (auto const& s : sols_) s->start();
  for (auto const& p : proxies_) p->start();
  if (admin_) admin_->start();
  since_ = now();
  ticker_.expires_after(std::chrono::milliseconds(1));
  ticker_.async_wait([this](error_code ec) {
    if (!ec) tick();
  });
  io_.run();
}

void process::tick() {
  cluster::time_point const at = now();
  for (auto const& s : sols_) s->tick(at);
  for (auto const& p : proxies_) p->tick(at);
  bool const starting = stage_ == stage::starting;
  if (starting && (at - since_ > longest_start ||
                   std::all_of(proxies_.begin(), proxies_.end(), [](auto const& p) { return p->ready(); }))) {
    print_ready();
    stage_ = stage::running;
  }
  check_leaving(at);
  if (stage_ == stage::left && at - since_ > farewell_time) return io_.stop();
  ticker_.expires_after(starting ? std::chrono::milliseconds(2) : tick_time);
  ticker_.async_wait([this](error_code ec) {
    if (!ec) tick();
  });
}

void process::check_leaving(cluster::time_point at) {
  if (stage_ != stage::leaving) return;
  if (!std::all_of(proxies_.begin(), proxies_.end(), [](auto const& p) { return p->quiet(); })) {
    quiet_since_ = 0;
  } else if (quiet_since_ == 0) {
    quiet_since_ = at;
  }
  bool const quiet = proxies_.empty() || (quiet_since_ != 0 && at - quiet_since_ > quiet_time);
  if (!quiet && at - since_ < longest_leave) return;
  for (auto const& p : proxies_) p->leave();
  stage_ = stage::left;
  since_ = at;
}

void process::print_ready() {
  auto nodes = nlohmann::json::array();
  for (auto const& s : sols_)
    nodes.push_back({{"name", s->node_name()}, {"role", "sol"}, {"rpc", to_text(s->address())}});
  for (auto const& p : proxies_)
    nodes.push_back({{"name", p->node_name()},
                     {"role", "proxy"},
                     {"http", to_text(p->http_address())},
                     {"eve", to_text(p->eve_address())}});
  nlohmann::json ready = {
      {"event", "ready"}, {"program", "crest-fakeproxy"}, {"pid", ::getpid()}, {"admin", nullptr}, {"nodes", nodes}};
  if (admin_) ready["admin"] = to_text(admin_->address());
  files::print_line(ready.dump());
}

}
