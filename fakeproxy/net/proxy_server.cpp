#include "fakeproxy/net/proxy_server.hpp"

#include <algorithm>
#include <utility>

namespace fakeproxy::net {

namespace asio = boost::asio;
using journal::hop_outcome;

namespace {

cluster::endpoint advertised(listener const& http, listener const& eve) {
  return {http.local().address().to_v4().to_uint(), http.local().port(), eve.local().port()};
}

proxy::proxy_process::settings with_node(process_settings const& process, std::uint16_t index,
                                         cluster::endpoint const& where) {
  proxy::proxy_process::settings all = process.proxy.process;
  all.node.index = index;
  all.node.sols = static_cast<std::uint32_t>(process.sols.size());
  all.node.where = where;
  all.node.lease = process.lease;
  return all;
}

}

/// What the process requires of its driver.
struct proxy_server::driver {
  proxy_server& s;

  cluster::time_point now() const { return net::now(); }
  void send(std::uint32_t sol, cluster::message const& m) const {
    sol_link& to = s.sols_[sol];
    if (to.is_parted())
      to.held_out.push_back(m);
    else
      to.channel->send(m);
  }
  void tell(cluster::eve_event const& event) const {
    auto const at = s.clients_.find(event.client);
    if (at != s.clients_.end()) at->second->tell(event);
  }
  proxy::request_state& request_of(cluster::ticket who) const { return s.connection_of(who)->request(); }
  void go_on(cluster::ticket who, proxy::proxy_process::next what) const { s.connection_of(who)->go_on(what); }
  bool is_here(cluster::incarnation owner) const { return s.in_this_process_(owner); }
  void connect(cluster::incarnation owner, cluster::endpoint where) const { s.peers_.connect(owner, where); }
  void logged_in(cluster::node_actions::login const& login) const { s.on_login(login); }
};

proxy_server::proxy_server(asio::io_context& io, process_settings const& process, node_settings const& node,
                           neighbour in_this_process)
  : io_(io)
  , settings_(process)
  , name_(node.name())
  , index_(node.index)
  , in_this_process_(std::move(in_this_process))
  , http_(io, node.listen, process.reuse_port)
  , eve_(io, node.eve_listen, process.reuse_port)
  , service_time_(process.proxy.service)
  , proxy_(with_node(process, node.index, advertised(http_, eve_)), service_time_, now())
  , random_(process.seed * 0x9e3779b97f4a7c15u + node.index)
  , peers_(io, proxy::peer_probes::settings().connect_time,
           [this](cluster::incarnation owner, peer_links::event what) { on_peer(owner, what); })
  , timer_(io) {
  if (!process.journal_directory.empty()) {
    std::filesystem::create_directories(process.journal_directory);
    journal_.emplace(process.journal_directory / (name_ + ".journal"), "proxy_hop");
  }
  backend_ = to_text(http_.local());
  for (tcp::endpoint const& where : process.sols) sols_.emplace_back().where = where;
}

proxy_server::~proxy_server() {
  for (sol_link& l : sols_) {
    if (l.channel) l.channel->close();
  }
}

void proxy_server::start() {
  http_.start([this](tcp::socket socket) {
    cluster::ticket const name = next_name_++;
    auto const made = std::make_shared<http_connection>(*this, std::move(socket), name);
    connections_.emplace(name, made);
    made->start();
  });
  eve_.start([this](tcp::socket socket) {
    cluster::ticket const name = next_name_++;
    auto const made = std::make_shared<eve_connection>(*this, std::move(socket), name);
    clients_.emplace(name, made);
    made->start();
  });
  for (std::uint32_t sol = 0; sol < sols_.size(); ++sol) connect_sol(sol);
}

void proxy_server::connect_sol(std::uint32_t sol) {
  sol_link& l = sols_[sol];
  l.channel = std::make_shared<rpc_channel>(tcp::socket(io_));
  l.channel->connect(l.where, {.opened = [this, sol] { sol_opened(sol); },
                               .received =
                                   [this, sol](std::span<cluster::message const> messages) {
                                     cluster::time_point const at = now();
                                     sol_link& from = sols_[sol];
                                     if (from.is_parted()) {
                                       from.held_in.insert(from.held_in.end(), messages.begin(), messages.end());
                                       return;
                                     }
                                     for (auto const& m : messages) node().on_message(sol, m, at, actions());
                                     perform();
                                   },
                               .closed = [this, sol] { sol_lost(sol); }});
}

void proxy_server::sol_opened(std::uint32_t sol) {
  sol_link& l = sols_[sol];
  l.tries.on_opened();
  l.opening = l.is_parted();
  if (l.opening) return;
  node().on_connected(sol, now(), actions());
  perform();
}

void proxy_server::sol_lost(std::uint32_t sol) {
  sol_link& l = sols_[sol];
  l.held_in.clear();
  l.held_out.clear();
  l.opening = false;
  node().on_disconnected(sol, actions());
  perform();
  retry_sol(sol);
}

void proxy_server::retry_sol(std::uint32_t sol) {
  sol_link& l = sols_[sol];
  cluster::duration const pause = std::max(l.tries.on_closed(), l.parted_until - now());
  l.retry = std::make_unique<asio::steady_timer>(io_, std::chrono::nanoseconds(pause));
  l.retry->async_wait([this, sol](error_code ec) {
    if (!ec) connect_sol(sol);
  });
}

// ---- partitions

void proxy_server::part(std::uint32_t sol, cluster::duration lasts, bool breaks) {
  sol_link& l = sols_[sol];
  cluster::time_point const until = now() + lasts;
  if (until > l.parted_until) {
    l.parted_until = until;
    l.heal = std::make_unique<asio::steady_timer>(io_, std::chrono::nanoseconds(lasts));
    l.heal->async_wait([this, sol](error_code ec) {
      if (!ec) heal(sol);
    });
  }
  if (!breaks) return;
  l.channel->close(); // does not report it
  sol_lost(sol);
}

void proxy_server::heal(std::uint32_t sol) {
  sol_link& l = sols_[sol];
  l.parted_until = 0;
  if (std::exchange(l.opening, false)) {
    node().on_connected(sol, now(), actions());
    perform();
  }
  auto const out = std::exchange(l.held_out, {});
  for (cluster::message const& m : out) l.channel->send(m);
  auto const in = std::exchange(l.held_in, {});
  for (cluster::message const& m : in) node().on_message(sol, m, now(), actions());
  perform();
}

void proxy_server::tick(cluster::time_point at) {
  node().on_tick(at, actions());
  perform();
}

void proxy_server::perform() {
  proxy_.perform(driver{*this});
  arm_timer();
}

void proxy_server::on_peer(cluster::incarnation owner, peer_links::event what) {
  proxy::peer_probes& probes = proxy_.peers();
  auto const next = what == peer_links::event::connected ? probes.on_connected(owner)
                    : what == peer_links::event::failed  ? probes.on_failed(owner)
                                                         : probes.on_lost(owner);
  if (proxy_.on_peer(next, owner, now())) peers_.connect_again(owner);
  perform();
}

void proxy_server::on_login(cluster::node_actions::login const& login) {
  auto const at = pins_.find(login.who);
  if (at == pins_.end()) return;
  auto const batch = at->second;
  batch->granted += login.granted ? 1 : 0;
  if (--batch->open > 0) return;
  pins_.erase(at);
  batch->done(batch->granted);
}

void proxy_server::pin(std::vector<cluster::character_id> const& characters, std::function<void(std::size_t)> done) {
  if (characters.empty()) return done(0);
  auto const batch = std::make_shared<pin_batch>();
  batch->open = characters.size();
  batch->done = std::move(done);
  cluster::ticket const name = next_name_++;
  pins_.emplace(name, batch);
  for (cluster::character_id const character : characters) node().on_pin(character, name, now(), actions());
  perform();
}

journal::proxy_hop* proxy_server::begin_hop(request_facts const& facts, journal::proxy_hop& unwritten) {
  ++requests_;
  unwritten = {};
  unwritten.received_ns = now();
  unwritten.request = facts.lab_request;
  unwritten.incarnation = raw(node().id());
  unwritten.character = journal::no_character;
  unwritten.outcome = hop_outcome::received;
  unwritten.method = static_cast<std::uint8_t>(facts.verb);
  return journal_ ? &journal_->append(unwritten) : &unwritten;
}

bool proxy_server::serve(http_connection& connection) {
  cluster::time_point const at = now();
  auto const end = proxy_.enter_service(connection.request(), connection.name(), at, [this] { return random_(); });
  if (end && *end <= at) return true;
  if (end) services_.push({*end, next_service_++, connection.name()});
  arm_timer();
  return false;
}

void proxy_server::arm_timer() {
  auto next = proxy_.next_deadline(now());
  if (!services_.empty()) next = std::min(next.value_or(services_.top().until), services_.top().until);
  if (!next || (armed_ != 0 && armed_ <= *next)) return; // firing too early does no harm
  armed_ = *next;
  timer_.expires_at(asio::steady_timer::time_point(
      std::chrono::duration_cast<asio::steady_timer::duration>(std::chrono::nanoseconds(armed_))));
  timer_.async_wait([this](error_code ec) {
    if (!ec) on_timer();
  });
}

void proxy_server::on_timer() {
  armed_ = 0;
  cluster::time_point const at = now();
  while (!services_.empty() && services_.top().until <= at) {
    auto const who = connection_of(services_.top().who);
    services_.pop();
    who->on_service_done();
  }
  proxy_.on_deadline(at, driver{*this});
  perform();
}

void proxy_server::forget(http_connection& connection) { connections_.erase(connection.name()); }

void proxy_server::client_gone(cluster::ticket client) {
  clients_.erase(client);
  node().on_client_gone(client, actions());
  perform();
}

void proxy_server::begin_leaving() {
  leaving_ = true;
  http_.close();
  eve_.close();
}

bool proxy_server::quiet() const {
  return std::all_of(connections_.begin(), connections_.end(), [](auto const& c) { return c.second->idle(); });
}

void proxy_server::leave() {
  auto const connections = connections_;
  for (auto const& [at, connection] : connections) {
    if (connection->idle()) connection->close();
  }
  for (auto const& [name, client] : clients_) client->close();
  node().leave(actions());
  perform();
}

nlohmann::json proxy_server::counters() const {
  auto const of = [&](hop_outcome outcome) { return outcomes_[static_cast<std::size_t>(outcome)]; };
  cluster::proxy_node const& here = proxy_.node();
  auto const& n = here.counts();
  auto const& servers = proxy_.at_servers();
  std::size_t const at_servers = services_.size() + servers.sharing_now();
  std::size_t const count = settings_.proxy.process.servers.count;
  bool const all = servers.sharing() || count == 0;
  std::size_t const serving = all ? at_servers : std::min(at_servers, count);
  return {{"name", name_},
          {"role", "proxy"},
          {"http", to_text(http_.local())},
          {"incarnation", raw(here.id())},
          {"requests", requests_},
          {"served", of(hop_outcome::served)},
          {"redirected", of(hop_outcome::redirected)},
          {"unauthorized", of(hop_outcome::unauthorized)},
          {"unavailable", of(hop_outcome::unavailable)},
          {"malformed", of(hop_outcome::malformed)},
          {"aborted", of(hop_outcome::aborted)},
          {"connections", connections_.size()},
          {"in_service", serving},
          {"queued", at_servers - serving},
          {"sessions", here.session_count()},
          {"eve_clients", here.client_count()},
          {"claims", n.claims},
          {"granted", n.granted},
          {"lost", n.lost},
          {"drained", n.drained},
          {"unreachable", n.unreachable},
          {"incarnations", n.incarnations}};
}

}
