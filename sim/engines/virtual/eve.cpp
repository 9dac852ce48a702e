#include "sim/engines/virtual/eve.hpp"

#include "sim/engines/virtual/proxies.hpp"
#include "sim/engines/virtual/sols.hpp"

#include <algorithm>
#include <utility>

namespace sim::virtual_time {

using fakeproxy::cluster::eve_event;
using fakeproxy::cluster::ticket;

namespace {

constexpr ticket first_ticket = ticket{1} << 40; // apart from those of requests

actors::eve_message message_of(eve_event const& event) {
  actors::eve_message message{.what = event.what, .number = event.number, .sent_ns = event.sent_ns};
  bool const sends_on = event.what == eve_event::kind::elsewhere || event.what == eve_event::kind::moved;
  if (sends_on) message.proxy = static_cast<std::uint16_t>(event.where.eve_port - 1);
  return message;
}

}

void eve_clients::log_in(std::vector<std::uint32_t> characters) {
  if (characters.empty()) return;
  actors_.emplace(actors::eve_settings{.characters = std::move(characters),
                                       .proxies = static_cast<std::uint32_t>(proxies_.count()),
                                       .request_rate_rps = run_.scenario.population.eve_request_rate_rps,
                                       .seed = run_.scenario.seed});
  connections_.resize(actors_->count());
  for (std::uint32_t i = 0; i < connections_.size(); ++i) connect(i, actors_->connect(i));
}

void eve_clients::connect(std::uint32_t client, actors::eve_clients::attempt const& how) {
  connection& c = connections_[client];
  c.proxy = how.proxy;
  c.ticket = 0;
  // A round trip for the connection, and one for the handshake.
  std::int64_t delay = how.pause_ns;
  for (int i = 0; i < 4; ++i) delay += net_.rpc_wire();
  run_.time.in(delay, event_kind::eve_connects, client);
  std::int64_t const patience = how.pause_ns + actors_->settings().login_patience_ns;
  c.login_due_ns = run_.now() + patience;
  run_.time.in(patience, event_kind::eve_login_due, client);
}

void eve_clients::on_connected(std::uint32_t client) {
  connection& c = connections_[client];
  if (!proxies_.listening(c.proxy)) return connect(client, actors_->reconnect(client));
  c.ticket = first_ticket + of_connection_.size();
  of_connection_.push_back(client);
  c.last_to_proxy_ns = c.last_to_client_ns = run_.now();
  post({client, c.ticket, c.proxy, message::kind::login, 0, {}});
}

void eve_clients::on_login_due(std::uint32_t client) {
  connection const& c = connections_[client]; // this may be a later attempt
  if (c.ticket != 0 && !actors_->is_in(client) && c.login_due_ns <= run_.now()) end_connection(client, true);
}

// ---- messages, which do not overtake each other on a connection

void eve_clients::post(message const& l) {
  connection& c = connections_[l.client];
  bool const to_client = l.what == message::kind::from_proxy || l.what == message::kind::lost;
  std::int64_t& last = to_client ? c.last_to_client_ns : c.last_to_proxy_ns;
  last = std::max(last, run_.now() + net_.rpc_wire());
  run_.time.at(last, to_client ? event_kind::eve_message_at_client : event_kind::eve_message_at_proxy,
               messages_.put(l));
}

void eve_clients::on_message_at_proxy(std::uint32_t place) {
  message const l = messages_.take(place);
  if (!proxies_.alive(l.proxy)) return;
  switch (l.what) {
  case message::kind::login:
    return proxies_.on_login(l.proxy, l.connection, actors_->character(l.client));
  case message::kind::request:
    return proxies_.on_game_request(l.proxy, l.connection, l.id);
  case message::kind::gone:
    return proxies_.on_client_gone(l.proxy, l.connection);
  case message::kind::from_proxy:
  case message::kind::lost:
    return;
  }
}

void eve_clients::tell(eve_event const& what) {
  std::uint32_t const client = of_connection_[what.client - first_ticket];
  post({client, what.client, 0, message::kind::from_proxy, 0, what});
}

void eve_clients::proxy_gone(std::size_t proxy) {
  for (std::uint32_t i = 0; i < connections_.size(); ++i)
    if (connections_[i].ticket != 0 && connections_[i].proxy == proxy)
      post({i, connections_[i].ticket, 0, message::kind::lost, 0, {}});
}

void eve_clients::on_message_at_client(std::uint32_t place) {
  message const l = messages_.take(place);
  if (connections_[l.client].ticket != l.connection) return;
  if (l.what == message::kind::lost) return end_connection(l.client, false);
  run_.time.note(run_.now(), l.event.client << 8 | static_cast<std::uint64_t>(l.event.what));
  if (!actors_->on_message(l.client, message_of(l.event), run_.now())) end_connection(l.client, true);
}

void eve_clients::end_connection(std::uint32_t client, bool tell_proxy) {
  connection const& c = connections_[client];
  if (tell_proxy) post({client, c.ticket, c.proxy, message::kind::gone, 0, {}});
  connect(client, actors_->reconnect(client));
}

// ---- requests

void eve_clients::start_requests() {
  actors_->start_requests(run_.now());
  on_request_due();
}

void eve_clients::stop_requests() { actors_->stop_requests(); }

void eve_clients::on_request_due() {
  if (!actors_->next_request_ns()) return;
  if (auto const request = actors_->take_request()) {
    connection const& c = connections_[request->from];
    post({request->from, c.ticket, c.proxy, message::kind::request, request->number, {}});
  }
  run_.time.at(*actors_->next_request_ns(), event_kind::eve_request_due, 0);
}

bool eve_clients::settled(std::map<std::uint32_t, std::uint64_t> const& sent) const {
  return actors_->settled(sent, [this](std::uint32_t character) { return sols_.running(character % sols_.count()); });
}

}
