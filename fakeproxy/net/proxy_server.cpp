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

constexpr std::chrono::milliseconds first_pause(10);
constexpr std::chrono::milliseconds longest_pause(160);

}

proxy_server::proxy_server(asio::io_context& io, process_settings const& process, node_settings const& node,
                           neighbour in_this_process)
  : io_(io)
  , process_(process)
  , name_(node.name())
  , index_(node.index)
  , in_this_process_(std::move(in_this_process))
  , http_(io, node.listen, process.reuse_port)
  , eve_(io, node.eve_listen, process.reuse_port)
  , node_({.index = node.index,
           .sols = static_cast<std::uint32_t>(process.sols.size()),
           .where = advertised(http_, eve_),
           .lease = process.lease,
           .idle = process.proxy.idle},
          now())
  , servers_(process.proxy.servers)
  , service_time_(process.proxy.service)
  , random_(process.seed * 0x9e3779b97f4a7c15u + node.index)
  , peers_(io,
           [this](cluster::incarnation owner, bool reachable) {
             node_.on_probed(owner, reachable, now(), actions_);
             perform();
           })
  , service_timer_(io) {
  if (!process.journal_directory.empty()) {
    std::filesystem::create_directories(process.journal_directory);
    journal_.emplace(process.journal_directory / (name_ + ".journal"), "proxy_hop");
  }
  backend_ = "X-Backend: http://" + to_text(http_.local()) + "\r\n";
  identity_ = "Server: crest-fakeproxy\r\nLab-Proxy: " + name_ + "\r\n";
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
                                     for (auto const& m : messages) node_.on_message(sol, m, at, actions_);
                                     perform();
                                   },
                               .closed = [this, sol] { sol_lost(sol); }});
}

void proxy_server::sol_opened(std::uint32_t sol) {
  sol_link& l = sols_[sol];
  l.pause = first_pause;
  l.opening = l.is_parted();
  if (l.opening) return;
  node_.on_connected(sol, now(), actions_);
  perform();
}

void proxy_server::sol_lost(std::uint32_t sol) {
  sol_link& l = sols_[sol];
  l.held_in.clear();
  l.held_out.clear();
  l.opening = false;
  node_.on_disconnected(sol, actions_);
  perform();
  retry_sol(sol);
}

void proxy_server::retry_sol(std::uint32_t sol) {
  sol_link& l = sols_[sol];
  auto const parted = std::chrono::nanoseconds(std::max<cluster::duration>(0, l.parted_until - now()));
  l.retry = std::make_unique<asio::steady_timer>(io_, std::max<std::chrono::nanoseconds>(l.pause, parted));
  l.pause = std::min(l.pause * 2, longest_pause);
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
    node_.on_connected(sol, now(), actions_);
    perform();
  }
  auto const out = std::exchange(l.held_out, {});
  for (cluster::message const& m : out) l.channel->send(m);
  auto const in = std::exchange(l.held_in, {});
  for (cluster::message const& m : in) node_.on_message(sol, m, now(), actions_);
  perform();
}

void proxy_server::tick(cluster::time_point at) {
  node_.on_tick(at, actions_);
  perform();
  while (!patience_.empty() && patience_.front().until <= at) {
    patience const over = std::move(patience_.front());
    patience_.pop_front();
    if (auto const who = over.who.lock()) who->on_patience_over(over.wait);
  }
  perform();
}

void proxy_server::perform() {
  if (performing_) return;
  performing_ = true;
  auto& a = actions_;
  // What is done may want more done: the lists grow while they are gone through.
  while (!(a.send.empty() && a.resume.empty() && a.applied.empty() && a.probes.empty() && a.logins.empty() &&
           a.eve.empty())) {
    for (std::size_t i = 0; i < a.send.size(); ++i) {
      sol_link& to = sols_[a.send[i].sol];
      if (to.is_parted())
        to.held_out.push_back(a.send[i].what);
      else
        to.channel->send(a.send[i].what);
    }
    a.send.clear();
    for (std::size_t i = 0; i < a.eve.size(); ++i) {
      auto const at = clients_.find(a.eve[i].client);
      if (at != clients_.end()) at->second->tell(a.eve[i]);
    }
    a.eve.clear();
    for (std::size_t i = 0; i < a.resume.size(); ++i) {
      auto const next = a.resume[i];
      connection_of(next.who)->on_decision(next.how);
    }
    a.resume.clear();
    for (std::size_t i = 0; i < a.applied.size(); ++i) {
      auto const next = a.applied[i];
      connection_of(next.who)->on_applied(next.status);
    }
    a.applied.clear();
    for (std::size_t i = 0; i < a.probes.size(); ++i) {
      auto const next = a.probes[i];
      if (in_this_process_(next.owner)) {
        node_.on_probed(next.owner, true, now(), a);
      } else {
        peers_.probe(next.owner, next.where);
      }
    }
    a.probes.clear();
    for (std::size_t i = 0; i < a.logins.size(); ++i) {
      auto const next = a.logins[i];
      auto const at = pins_.find(next.who);
      if (at == pins_.end()) continue;
      auto const batch = at->second;
      batch->granted += next.granted ? 1 : 0;
      if (--batch->open > 0) continue;
      pins_.erase(at);
      batch->done(batch->granted);
    }
    a.logins.clear();
  }
  performing_ = false;
}

void proxy_server::pin(std::vector<cluster::character_id> const& characters, std::function<void(std::size_t)> done) {
  if (characters.empty()) return done(0);
  auto const batch = std::make_shared<pin_batch>();
  batch->open = characters.size();
  batch->done = std::move(done);
  cluster::ticket const name = next_name_++;
  pins_.emplace(name, batch);
  for (cluster::character_id const character : characters) node_.on_pin(character, name, now(), actions_);
  perform();
}

std::string_view proxy_server::date(cluster::time_point at) {
  std::int64_t const second = wall_seconds(at);
  if (second != date_second_) {
    date_second_ = second;
    date_ = "Date: ";
    cluster::append_http_date(date_, second);
    date_ += "\r\n";
  }
  return date_;
}

journal::proxy_hop* proxy_server::begin_hop(request_facts const& facts, journal::proxy_hop& unwritten) {
  ++requests_;
  unwritten = {};
  unwritten.received_ns = now();
  unwritten.request = facts.lab_request;
  unwritten.incarnation = raw(node_.id());
  unwritten.character = journal::no_character;
  unwritten.outcome = hop_outcome::received;
  unwritten.method = static_cast<std::uint8_t>(facts.verb);
  return journal_ ? &journal_->append(unwritten) : &unwritten;
}

void proxy_server::be_patient(http_connection& connection, std::uint64_t wait) {
  patience_.push_back({now() + process_.proxy.patience, connection.weak_from_this(), wait});
}

bool proxy_server::serve(cluster::duration time, http_connection& connection) {
  cluster::time_point const at = now();
  auto const end = servers_.serve(at, time, connection.name());
  if (end && *end <= at) return true;
  if (end) services_.push({*end, next_service_++, connection.name()});
  arm_service_timer();
  return false;
}

std::optional<cluster::time_point> proxy_server::next_service_end() const {
  if (servers_.sharing_now() != 0) return servers_.next_deadline(now());
  if (services_.empty()) return std::nullopt;
  return services_.top().until;
}

void proxy_server::arm_service_timer() {
  auto const next = next_service_end();
  if (!next || *next == service_armed_) return;
  service_armed_ = *next;
  service_timer_.expires_at(asio::steady_timer::time_point(
      std::chrono::duration_cast<asio::steady_timer::duration>(std::chrono::nanoseconds(service_armed_))));
  service_timer_.async_wait([this](error_code ec) {
    if (!ec) on_service_timer();
  });
}

void proxy_server::on_service_timer() {
  service_armed_ = 0;
  cluster::time_point const at = now();
  while (!services_.empty() && services_.top().until <= at) {
    auto const who = connection_of(services_.top().who);
    services_.pop();
    who->on_service_done();
  }
  while (servers_.sharing_now() != 0 && *servers_.next_deadline(at) <= at)
    connection_of(servers_.on_deadline(at))->on_service_done();
  arm_service_timer();
}

void proxy_server::forget(http_connection& connection) { connections_.erase(connection.name()); }

void proxy_server::client_gone(cluster::ticket client) {
  clients_.erase(client);
  node_.on_client_gone(client, actions_);
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
  node_.leave(actions_);
  perform();
}

nlohmann::json proxy_server::counters() const {
  auto const of = [&](hop_outcome outcome) { return outcomes_[static_cast<std::size_t>(outcome)]; };
  auto const& n = node_.counts();
  std::size_t const at_servers = services_.size() + servers_.sharing_now();
  std::size_t const count = process_.proxy.servers.count;
  bool const all = servers_.sharing() || count == 0;
  std::size_t const serving = all ? at_servers : std::min(at_servers, count);
  return {{"name", name_},
          {"role", "proxy"},
          {"http", to_text(http_.local())},
          {"incarnation", raw(node_.id())},
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
          {"sessions", node_.session_count()},
          {"eve_clients", node_.client_count()},
          {"claims", n.claims},
          {"granted", n.granted},
          {"lost", n.lost},
          {"drained", n.drained},
          {"unreachable", n.unreachable},
          {"incarnations", n.incarnations}};
}

}
