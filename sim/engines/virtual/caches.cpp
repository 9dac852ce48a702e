#include "sim/engines/virtual/caches.hpp"

#include "sim/engines/virtual/world.hpp"

#include <utility>

namespace sim::virtual_time {

using gateway::http::token_digest;

gateway::cache::moment caches::moment() const { return w_.errands.moment_at(w_.now()); }

void caches::place::landed(token_digest const& flight, gateway::cache::landing how) {
  all.w_.balancers.wake(waiting.take(flight), gateway::exchange::awaiting::fetch, how);
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
  flight const& f = w_.flights[id];
  places_[f.balancer]->waiting.add(w_.errands[id].dealing->decided().flight, {id, f.life},
                                   [this](sleeper const& s) { return w_.flights.is_gone(s); });
}

}
