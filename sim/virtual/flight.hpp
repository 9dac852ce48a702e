#pragma once

#include "fakeproxy/cluster/node.hpp"
#include "journal/records.hpp"
#include "sim/load/plan.hpp"
#include "sim/virtual/agenda.hpp"
#include "sim/virtual/desks.hpp"

#include <cstdint>
#include <vector>

namespace sim::virtual_time {

inline constexpr std::uint32_t nobody = 0xffffffffu;

/// One client request on its way.
struct flight {
  // the request
  std::int64_t intended_ns = 0, sent_ns = 0;
  journal::request_id request = 0;
  struct {
    std::uint32_t character = 0, rotation = 0, target = 0;
    load::token_kind kind = load::token_kind::own;
  } plan; // what is still needed of it
  token_id token{};
  std::uint32_t origin = nobody; // the place of a closed load that waits for it
  std::uint16_t balancer = 0, entrance = 0;
  std::uint8_t phase = 0;
  std::uint8_t verb = 0;
  bool idempotent = true;
  bool game_state = false; // goes on to the character's sol

  // where it is
  enum class place : std::uint8_t {
    nowhere,
    queued,
    to_balancer,
    at_balancer,
    to_proxy,
    at_proxy,
    returning,
    to_client
  };
  place where = place::nowhere;
  std::uint32_t life = 0;                       // below 2^24; kept when the place is used again, as is `wait`
  bool client_waits = false;                    // the client has no outcome yet
  bool carried = false;                         // a balancer, or the proxy that it asked, has it in hand
  bool abandoned = false;                       // what comes back is dropped
  std::uint32_t older = nobody, newer = nobody; // in the order sent, among those whose client waits

  // the hop under way
  std::uint16_t proxy = 0;
  std::uint8_t hops = 0, seen_hops = 0, redirects = 0, retries = 0; // so far; seen: by a proxy
  journal::hop_kind hop_kind = journal::hop_kind::first;
  bool from_map = false, first_from_map = false; // this hop's proxy; that of the first hop seen
  std::uint8_t first_reason = 0xff;              // of a redirect by the first proxy: measure::reason
  bool trial = false;                            // guessed although the session existed
  bool serviced = false, redirecting = false;
  std::int64_t received_ns = 0;
  fakeproxy::cluster::session_epoch epoch = fakeproxy::cluster::session_epoch::none; // of the session in use
  fakeproxy::cluster::incarnation owner = fakeproxy::cluster::incarnation::none;     // redirecting: to whom
  std::uint32_t wait = 0;
  std::uint32_t call = 0;
  bool deciding = false, applying = false;

  // the proxy's answer
  journal::hop_outcome outcome = journal::hop_outcome::received;
  std::uint16_t status = 0;
  bool names_backend = false;
  std::uint64_t served_epoch = 0;
  journal::incarnation_id served_by = 0;
  bool proxy_had_it = false; // hop_fails: the kernel had accepted bytes of the request

  // records that are completed later (full detail)
  std::uint32_t request_record = nobody, hop_record = nobody, proxy_record = nobody;
};

/// All flights; places are used again, the last one first, so that a run's flights stay in the cache.
class flights {
public:
  flight_id take() {
    if (free_.empty()) {
      all_.emplace_back();
      return static_cast<flight_id>(all_.size() - 1);
    }
    flight_id const id = free_.back();
    free_.pop_back();
    flight fresh;
    fresh.life = all_[id].life;
    fresh.wait = all_[id].wait;
    all_[id] = fresh;
    return id;
  }
  void give_back(flight_id id) {
    all_[id].where = flight::place::nowhere;
    all_[id].life = (all_[id].life + 1) & life_mask;
    free_.push_back(id);
  }

  flight& operator[](flight_id id) { return all_[id]; }
  flight const& operator[](flight_id id) const { return all_[id]; }
  std::size_t size() const { return all_.size(); }
  std::size_t in_use() const { return all_.size() - free_.size(); }

private:
  std::vector<flight> all_;
  std::vector<flight_id> free_;
};

}
