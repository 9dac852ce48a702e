#include "sim/virtual/caches.hpp"

#include "sim/virtual/world.hpp"

#include <algorithm>
#include <utility>

namespace sim::virtual_time {

using gateway::http::token_digest;

gateway::cache::moment caches::moment() const { return w_.errands.moment_at(w_.now()); }

// They look again when what happens now is over.
void caches::place::landed(token_digest const& flight, gateway::cache::landing how) {
  auto const at = waiting.find(flight);
  if (at == waiting.end()) return;
  bool const may_wait = how == gateway::cache::landing::failed;
  for (flight_id const id : at->second) all.woken_.push_back({id, may_wait});
  waiting.erase(at);
}

void caches::open(std::size_t balancer, std::optional<gateway::cache::cache_settings> const& settings) {
  if (places_.size() <= balancer) places_.resize(balancer + 1);
  if (!settings) return;
  load::small_stream random = small_stream_of(w_.scenario.seed, "cache", balancer);
  gateway::http::digest_key key;
  for (unsigned char& byte : key) byte = static_cast<unsigned char>(random());
  places_[balancer] = std::make_unique<place>(*this, *settings, key);
}

void caches::close(std::size_t balancer) {
  if (balancer >= places_.size() || !places_[balancer]) return;
  places_[balancer]->waiting.clear();
  std::erase_if(woken_, [&](woken const& w) { return w_.flights[w.who].balancer == balancer; });
  for (flight_id id = 0; id < w_.flights.size(); ++id)
    if (flight const& f = w_.flights[id]; f.has_errand && f.balancer == balancer) w_.errands[id].dealing.reset();
  places_[balancer].reset();
}

void caches::enter(flight_id id) {
  flight const& f = w_.flights[id];
  place* const at = f.balancer < places_.size() ? places_[f.balancer].get() : nullptr;
  if (!at) return;
  errand& e = w_.errands[id];
  if (e.refused != 0) return;
  std::optional<token_digest> token;
  if (e.summary.has_authorization) token = gateway::http::digest_token(at->key, e.summary.authorization);
  e.dealing = std::make_unique<gateway::cache::transaction>(at->shared, *at, e.head, e.wire.data(), e.summary, "http",
                                                            false, token ? &*token : nullptr);
}

void caches::leave(flight_id id) {
  if (w_.flights[id].has_errand) w_.errands[id].dealing.reset();
}

void caches::wait(flight_id id) {
  flight& f = w_.flights[id];
  f.waits_for_fetch = true;
  places_[f.balancer]->waiting[w_.errands[id].dealing->decided().flight].push_back(id);
}

void caches::stop_waiting(flight_id id) {
  flight& f = w_.flights[id];
  if (!std::exchange(f.waits_for_fetch, false)) return;
  auto& waiting = places_[f.balancer]->waiting;
  auto const at = waiting.find(w_.errands[id].dealing->decided().flight);
  if (at != waiting.end()) std::erase(at->second, id);
  std::erase_if(woken_, [id](woken const& w) { return w.who == id; });
}

std::optional<caches::woken> caches::next_woken() {
  if (woken_.empty()) return std::nullopt;
  woken const next = woken_.front();
  woken_.pop_front();
  w_.flights[next.who].waits_for_fetch = false;
  return next;
}

}
