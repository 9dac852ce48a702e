#include "sim/actors/eve_client.hpp"

#include "sim/load/stream.hpp"

#include <algorithm>
#include <utility>

namespace sim::actors {
namespace {

using kind = fakeproxy::cluster::eve_event::kind;

/// The number in `sent`; 0: nothing was sent to this character.
std::uint64_t last_sent(std::map<std::uint32_t, std::uint64_t> const& sent, std::uint32_t character) {
  auto const last = sent.find(character);
  return last == sent.end() ? 0 : last->second;
}

}

eve_clients::eve_clients(eve_settings s)
  : settings_(std::move(s))
  , members_(settings_.characters.size())
  , where_(load::stream(settings_.seed, "eve proxies"))
  , when_(load::stream(settings_.seed, "eve requests")) {
  for (std::size_t i = 0; i != members_.size(); ++i) members_[i].record.character = settings_.characters[i];
}

eve_clients::attempt eve_clients::connect(client c) {
  if (auto const proxy = std::exchange(members_[c].sent_on, std::nullopt)) return {*proxy, 0};
  return {static_cast<std::uint16_t>(load::uniform_below(where_, settings_.proxies)), 0};
}

eve_clients::attempt eve_clients::reconnect(client c) {
  member& m = members_[c];
  bool const is_sent_on = m.sent_on.has_value();
  if (std::exchange(m.is_in, false) && !is_sent_on) ++m.record.disconnects;
  m.asked.clear();
  attempt next = connect(c);
  if (!is_sent_on) next.pause_ns = settings_.reconnect_pause_ns;
  return next;
}

bool eve_clients::on_message(client c, eve_message const& message, std::int64_t now_ns) {
  member& m = members_[c];
  switch (message.what) {
  case kind::welcome:
    m.is_in = true;
    ++m.record.logins;
    return true;
  case kind::answer: {
    auto const asked = m.asked.find(message.number);
    if (asked == m.asked.end()) return true;
    ++m.record.answers;
    request_latency_.push_back(static_cast<std::uint64_t>(now_ns - asked->second));
    m.asked.erase(asked);
    return true;
  }
  case kind::notification:
    m.notifications.receive(message.number, now_ns);
    notification_latency_.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_ns - message.sent_ns)));
    return true;
  case kind::moved:
    ++m.record.moved;
    [[fallthrough]];
  case kind::elsewhere:
    m.sent_on = message.proxy;
    return false;
  case kind::refused:
  case kind::goodbye:
    return false;
  }
  return false;
}

bool eve_clients::all_in() const {
  return std::all_of(members_.begin(), members_.end(), [](member const& m) { return m.is_in; });
}

void eve_clients::start_requests(std::int64_t now_ns) {
  asking_ = !members_.empty() && settings_.request_rate_rps > 0;
  due_ns_ = now_ns;
}

std::optional<std::int64_t> eve_clients::next_request_ns() const {
  return asking_ ? std::optional(due_ns_) : std::nullopt;
}

std::optional<eve_clients::request> eve_clients::take_request() {
  auto const from = load::uniform_below(when_, static_cast<std::uint32_t>(members_.size()));
  member& m = members_[from];
  std::optional<request> taken;
  if (m.is_in) {
    taken = {from, m.next_number++};
    ++m.record.requests;
    m.asked.emplace(taken->number, due_ns_);
  }
  double const rate = settings_.request_rate_rps * static_cast<double>(members_.size());
  due_ns_ += static_cast<std::int64_t>(load::exponential_ns(load::uniform_positive(when_), rate));
  return taken;
}

bool eve_clients::settled(std::map<std::uint32_t, std::uint64_t> const& sent,
                          std::function<bool(std::uint32_t)> const& served) const {
  return std::all_of(members_.begin(), members_.end(), [&](member const& m) {
    std::uint32_t const who = m.record.character;
    std::uint64_t const last = last_sent(sent, who);
    return !served(who) || (m.asked.empty() && (last == 0 || m.notifications.has_all(last)));
  });
}

std::vector<records::eve_record> eve_clients::records(std::map<std::uint32_t, std::uint64_t> const& sent) const {
  std::vector<records::eve_record> all;
  for (member const& m : members_) {
    all.push_back(m.record);
    m.notifications.complete(all.back(), last_sent(sent, m.record.character));
  }
  return all;
}

}
