#include "sim/virtual/eve.hpp"

#include "sim/virtual/world.hpp"

#include <algorithm>

namespace sim::virtual_time {

using fakeproxy::cluster::eve_event;
using fakeproxy::cluster::ticket;

namespace {

constexpr std::int64_t reconnect_pause_ns = 50'000'000; // as sim/live/eve
constexpr ticket first_ticket = ticket{1} << 40;        // apart from those of requests

}

eve_clients::eve_clients(world& w)
  : w_(w)
  , where_(load::stream(w.scenario.seed, "eve proxies"))
  , when_(load::stream(w.scenario.seed, "eve requests")) {}

void eve_clients::log_in(std::vector<std::uint32_t> const& characters) {
  members_.resize(characters.size());
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    members_[i].character = members_[i].record.character = characters[i];
    connect(i, 0);
  }
}

bool eve_clients::all_in() const {
  return std::all_of(members_.begin(), members_.end(), [](member const& m) { return m.logged_in; });
}

void eve_clients::connect(std::uint32_t client, std::int64_t pause_ns) {
  member& m = members_[client];
  m.proxy =
      m.sent_on
          ? *m.sent_on
          : static_cast<std::uint16_t>(load::uniform_below(where_, static_cast<std::uint32_t>(w_.proxies.count())));
  m.sent_on.reset();
  m.connection = 0;
  // There and back for the connection, and for the handshake.
  std::int64_t delay = pause_ns;
  for (int i = 0; i < 4; ++i) delay += w_.rpc_wire();
  w_.time.in(delay, happening::eve_connects, client);
}

void eve_clients::on_connected(std::uint32_t client) {
  member& m = members_[client];
  if (!w_.proxies.listening(m.proxy)) return connect(client, reconnect_pause_ns);
  m.connection = first_ticket + of_connection_.size();
  of_connection_.push_back(client);
  m.last_to_proxy_ns = m.last_to_client_ns = w_.now();
  post({client, m.connection, m.proxy, letter::kind::login, 0, {}});
}

// ---- letters, which do not overtake each other on a connection

void eve_clients::post(letter const& l) {
  member& m = members_[l.client];
  bool const to_client = l.what == letter::kind::from_proxy || l.what == letter::kind::lost;
  std::int64_t& last = to_client ? m.last_to_client_ns : m.last_to_proxy_ns;
  last = std::max(last, w_.now() + w_.rpc_wire());
  w_.time.at(last, to_client ? happening::eve_message_at_client : happening::eve_message_at_proxy, letters_.put(l));
}

void eve_clients::on_message_at_proxy(std::uint32_t place) {
  letter const l = letters_.take(place);
  if (!w_.proxies.alive(l.proxy)) return;
  switch (l.what) {
  case letter::kind::login:
    return w_.proxies.on_login(l.proxy, l.connection, members_[l.client].character);
  case letter::kind::request:
    return w_.proxies.on_game_request(l.proxy, l.connection, l.id);
  case letter::kind::gone:
    return w_.proxies.on_client_gone(l.proxy, l.connection);
  case letter::kind::from_proxy:
  case letter::kind::lost:
    return;
  }
}

void eve_clients::tell(eve_event const& what) {
  std::uint32_t const client = of_connection_[what.client - first_ticket];
  post({client, what.client, 0, letter::kind::from_proxy, 0, what});
}

void eve_clients::proxy_gone(std::size_t proxy) {
  for (std::uint32_t i = 0; i < members_.size(); ++i)
    if (members_[i].connection != 0 && members_[i].proxy == proxy)
      post({i, members_[i].connection, 0, letter::kind::lost, 0, {}});
}

void eve_clients::on_message_at_client(std::uint32_t place) {
  letter const l = letters_.take(place);
  member& m = members_[l.client];
  if (m.connection != l.connection) return;
  if (l.what == letter::kind::lost) return end_connection(l.client, false);
  w_.time.note(w_.now(), l.event.client << 8 | static_cast<std::uint64_t>(l.event.what));
  switch (l.event.what) {
  case eve_event::kind::welcome:
    m.logged_in = true;
    ++m.record.logins;
    break;
  case eve_event::kind::moved:
    ++m.record.moved;
    [[fallthrough]];
  case eve_event::kind::elsewhere:
    m.sent_on = static_cast<std::uint16_t>(l.event.where.eve_port - 1);
    return end_connection(l.client, true);
  case eve_event::kind::refused:
  case eve_event::kind::goodbye:
    return end_connection(l.client, true);
  case eve_event::kind::answer: {
    auto const asked = m.asked.find(l.event.number);
    if (asked == m.asked.end()) break;
    ++m.record.answers;
    request_latency_.push_back(static_cast<std::uint64_t>(w_.now() - asked->second));
    m.asked.erase(asked);
    break;
  }
  case eve_event::kind::notification:
    m.notifications.receive(l.event.number, w_.now());
    notification_latency_.push_back(static_cast<std::uint64_t>(w_.now() - l.event.sent_ns));
    break;
  }
}

void eve_clients::end_connection(std::uint32_t client, bool tell_proxy) {
  member& m = members_[client];
  if (tell_proxy) post({client, m.connection, m.proxy, letter::kind::gone, 0, {}});
  if (m.logged_in && !m.sent_on) ++m.record.disconnects;
  m.logged_in = false;
  m.asked.clear();
  connect(client, m.sent_on ? 0 : reconnect_pause_ns);
}

// ---- requests

void eve_clients::start_requests() {
  if (members_.empty() || w_.scenario.population.eve_request_rate_rps <= 0) return;
  asking_ = true;
  due_ns_ = w_.now();
  on_request_due();
}

void eve_clients::on_request_due() {
  if (!asking_) return;
  auto const client = load::uniform_below(when_, static_cast<std::uint32_t>(members_.size()));
  member& m = members_[client];
  if (m.logged_in) {
    ++m.record.requests;
    m.asked.emplace(m.next_id, w_.now());
    post({client, m.connection, m.proxy, letter::kind::request, m.next_id++, {}});
  }
  double const rate = w_.scenario.population.eve_request_rate_rps * static_cast<double>(members_.size());
  due_ns_ += static_cast<std::int64_t>(load::exponential_ns(load::uniform_positive(when_), rate));
  w_.time.at(due_ns_, happening::eve_request_due, 0);
}

bool eve_clients::settled(std::map<std::uint32_t, std::uint64_t> const& sent) const {
  return std::all_of(members_.begin(), members_.end(), [&](member const& m) {
    auto const last = sent.find(m.character);
    return m.asked.empty() && (last == sent.end() || m.notifications.has_all(last->second));
  });
}

std::vector<measure::eve_record> eve_clients::records(std::map<std::uint32_t, std::uint64_t> const& sent) const {
  std::vector<measure::eve_record> all;
  for (member const& m : members_) {
    measure::eve_record record = m.record;
    auto const last = sent.find(m.character);
    m.notifications.complete(record, last == sent.end() ? 0 : last->second);
    all.push_back(record);
  }
  return all;
}

}
