#include "sim/engines/virtual/caches.hpp"

#include "sim/engines/virtual/balancers.hpp"
#include "sim/engines/virtual/http_exchanges.hpp"

#include <utility>

namespace sim::virtual_time {

using gateway::http::token_digest;

gateway::cache::moment caches::moment() const { return exchanges_.moment_at(run_.now()); }

void caches::place::fetch_completed(token_digest const& fetch, gateway::cache::fetch_outcome how) {
  all.balancers_.wake(waiting.take(fetch), gateway::exchange::awaiting::fetch, how);
}

void caches::open(std::size_t balancer, std::optional<gateway::cache::cache_settings> const& settings) {
  if (places_.size() <= balancer) places_.resize(balancer + 1);
  if (!settings) return;
  load::small_stream random = small_stream_of(run_.scenario.seed, "cache", balancer);
  gateway::http::digest_key key;
  for (unsigned char& byte : key) byte = static_cast<unsigned char>(random());
  places_[balancer] = std::make_unique<place>(*this, *settings, key);
}

void caches::close(std::size_t balancer) {
  if (balancer >= places_.size() || !places_[balancer]) return;
  places_[balancer]->waiting.clear();
  run_.requests.for_each([&](request_state const& f) {
    if (f.has_exchange && f.balancer == balancer) exchanges_[f.id].transaction.reset();
  });
  places_[balancer].reset();
}

void caches::enter(request_index id) {
  request_state const& f = run_.requests[id];
  place* const at = f.balancer < places_.size() ? places_[f.balancer].get() : nullptr;
  if (!at) return;
  http_exchange& e = exchanges_[id];
  if (e.refused != 0) return;
  std::optional<token_digest> token;
  if (e.summary.has_authorization) token = gateway::http::digest_token(at->key, e.summary.authorization);
  e.transaction = std::make_unique<gateway::cache::transaction>(at->shared, *at, e.head, e.wire.data(), e.summary,
                                                                "http", false, token ? &*token : nullptr);
}

void caches::leave(request_index id) {
  if (run_.requests[id].has_exchange) exchanges_[id].transaction.reset();
}

void caches::wait(request_index id) {
  request_state const& f = run_.requests[id];
  places_[f.balancer]->waiting.add(exchanges_[id].transaction->decided().variant, {id, f.life},
                                   [this](sleeper const& s) { return run_.requests.is_gone(s); });
}

}
