#include "fakeproxy/net/process.hpp"

#include "base/os/standard_output.hpp"

#include <algorithm>
#include <stdexcept>
#include <unistd.h>

namespace fakeproxy::net {

using cluster::millisecond;

namespace {

/// How long `ready` waits for the sols; a cluster whose sols are away starts anyway.
constexpr cluster::duration longest_start = 1000 * millisecond;

proxy::departure::settings departure_of(std::vector<node_settings> const& nodes) {
  proxy::departure::settings how;
  auto const is_proxy = [](node_settings const& node) { return node.role == role::proxy; };
  if (std::none_of(nodes.begin(), nodes.end(), is_proxy)) how.quiet = 0; // nobody is about to ask for anything
  return how;
}

}

process::process(process_settings settings)
  : settings_(std::move(settings))
  , leaving_(departure_of(settings_.nodes)) {
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
    begin_leaving();
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
  bool const ready = std::all_of(proxies_.begin(), proxies_.end(), [](auto const& p) { return p->ready(); });
  if (!started_ && (ready || at - since_ > longest_start)) print_ready();
  cluster::duration wait = started_ ? proxy::tick_time : 2 * millisecond;
  if (auto due = leaving_.next_deadline()) {
    if (*due <= at) {
      proxy::departure::step const next = leaving_.on_deadline(at, busy());
      if (next == proxy::departure::step::end) return io_.stop();
      if (next == proxy::departure::step::leave)
        for (auto const& p : proxies_) p->leave();
      due = leaving_.next_deadline();
    }
    wait = std::min(wait, *due - at);
  }
  ticker_.expires_after(std::chrono::nanoseconds(wait));
  ticker_.async_wait([this](error_code ec) {
    if (!ec) tick();
  });
}

void process::begin_leaving() {
  if (!started_) print_ready();
  for (auto const& p : proxies_) p->begin_leaving();
  leaving_.begin(now(), busy());
}

bool process::busy() const {
  return !std::all_of(proxies_.begin(), proxies_.end(), [](auto const& p) { return p->quiet(); });
}

void process::print_ready() {
  started_ = true;
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
  os::print_line(ready.dump());
}

}
