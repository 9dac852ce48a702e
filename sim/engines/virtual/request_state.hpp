#pragma once

#include "base/journal/records.hpp"
#include "base/memory/prefetch.hpp"
#include "fakeproxy/proxy/proxy_process.hpp"
#include "gateway/exchange/course.hpp"
#include "sim/actors/connection_pool.hpp"
#include "sim/engines/virtual/routers.hpp"
#include "sim/engines/virtual/scheduler.hpp"
#include "sim/load/plan.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace sim::virtual_time {

inline constexpr std::uint32_t nobody = 0xffffffffu;

/// What a request draws random bits for. Each purpose has bits of its own, which depend on nothing but the seed and the
/// request's number: what happens to one request changes no other's times, and two runs that differ in one respect are
/// alike in all others (common random numbers).
enum class purpose : std::uint8_t { way_in, way_back, hop_out, hop_back, service }; // from hop_out on: for each hop

/// What the clients keep about a request.
struct client_part {
  std::int64_t intended_ns = 0, sent_ns = 0; // sent: its first try
  std::uint32_t place = nobody;              // in a load without pace: the place that waits for it
  actors::connection_id connection = actors::no_connection;
  std::uint16_t method = 0; // index into the plan's methods
  std::uint8_t phase = 0;
  bool waits = false; // the client has no outcome yet
};

/// The hop under way, between a balancer and a proxy.
struct hop_part {
  std::uint16_t proxy = 0;
  journal::hop_outcome outcome = journal::hop_outcome::received;
  bool from_map = false;           // the map chose this hop's proxy
  bool on_open_connection = false; // of its balancer to the proxy
  bool names_backend = false;      // the proxy's answer
  bool keeps_connection = false;   // the proxy does not close it
  bool proxy_had_it = false;       // for hop_fails: the kernel had accepted bytes of the request
};

/// What is recorded of a request, or counted when it is over; see recorder.
struct book_part {
  std::uint8_t seen_hops = 0; // that a proxy has seen so far
  /// Whether the map chose the proxy: of the first hop if it did, else of the first hop that a proxy saw. And whether
  /// the proxy that the map chose for the first hop was no longer the owner.
  bool first_from_map = false, first_stale = false;
  bool trial = false;               // guessed although the session existed
  std::uint8_t first_reason = 0xff; // of a redirect by the first proxy: judge::reason
  // records that are completed later (full detail)
  std::uint32_t request_record = nobody, hop_record = nobody, proxy_record = nobody;
};

/// What the client gets.
struct answer_part {
  std::uint16_t status = 0;
  bool asks_resource = false, from_cache = false;
  std::uint16_t findings = 0; // records::client_finding bits
  std::uint64_t served_epoch = 0;
  journal::incarnation_id served_by = 0;
};

/// What is as yet undecided of a new request.
struct request_progress {
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
  bool has_exchange = false; // see http_exchanges
  bool carried = false;      // a balancer, or the proxy that it asked, is handling it
  bool abandoned = false;    // the answer will be dropped
  /// At its balancer. If `course.is_own`, it validates what the balancer served stale: there is no client.
  gateway::exchange::course course;
  hop_part hop;
  book_part book;
  answer_part answer;
};

/// One client request on its way: what it is, where it is, and a part for each of those that handle it. In whole cache
/// lines.
struct alignas(64) request_state : request_progress {
  std::uint32_t id = 0;    // its number
  std::uint32_t life = 0;  // below 2^24; kept when the slot is reused
  std::uint64_t draws = 0; // what its random bits are derived from
  journal::request_id request = 0;
  token_id token{};
  std::uint16_t balancer = 0;
  std::uint8_t verb = 0;
  bool idempotent = true;
  bool game_state = false; // is forwarded to the character's sol
  client_part client;
  struct {
    std::uint32_t character = 0, rotation = 0, target = 0;
    load::token_kind kind = load::token_kind::own;
  } plan; // the part of planned_request that is still needed
  fakeproxy::proxy::request_state at_proxy;
  std::int64_t gives_up_ns = 0; // when its wait at its balancer times out

  /// 64 uniform bits for one purpose of the request, or of its present hop (SplitMix64 with random access).
  [[gnu::always_inline]] std::uint64_t bits(purpose what) const {
    std::uint64_t number = static_cast<std::uint64_t>(what) + 1;
    if (what >= purpose::hop_out) number += 3u * course.hops;
    return load::mix(draws + number * 0x9e3779b97f4a7c15u);
  }
};

static_assert(sizeof(request_state) == 256);

/// Refers to a request whose slot may hold another one by the time it is looked at.
struct sleeper {
  request_index id;
  std::uint32_t life;
};

/// All requests. They keep their addresses. The last one freed is the first to be used again, so that requests in
/// flight stay in the CPU cache.
class request_states {
public:
  /// One that has made no progress; all else in it is left over from an earlier request, and is to be set.
  [[gnu::always_inline]] request_state& take() {
    if (free_count_ == 0) [[unlikely]]
      grow();
    request_state& f = *free_[--free_count_];
    static_cast<request_progress&>(f) = fresh_;
    return f;
  }
  /// A second state for the same request, to which nothing has happened yet.
  request_state& take_again(request_state const& f) {
    request_state& again = take_copy(f, 2);
    again.client = f.client;
    again.request = f.request;
    return again;
  }
  /// A state for a request of the balancer's own, which asks for what `f` asked for.
  request_state& take_own(request_state const& f) {
    request_state& own = take_copy(f, 1);
    own.course.is_own = true;
    return own;
  }
  [[gnu::always_inline]] void give_back(request_state& f) {
    f.where = request_state::place::nowhere;
    f.life = (f.life + 1) & life_mask;
    free_[free_count_++] = &f;
  }

  bool is_gone(sleeper const& who) const { return (*this)[who.id].life != who.life; }

  request_state& operator[](request_index id) { return chunks_[id / chunk_size][id % chunk_size]; }
  request_state const& operator[](request_index id) const { return chunks_[id / chunk_size][id % chunk_size]; }
  void prefetch(request_index id) const { memory::prefetch(&(*this)[id], sizeof(request_state)); }
  std::size_t size() const { return chunks_.size() * chunk_size; }
  std::size_t in_use() const { return size() - free_count_; }

  /// In the order of their numbers; also of slots that are not in use, which are nowhere.
  template<class F>
  void for_each(F f) {
    for (auto const& chunk : chunks_) std::for_each(chunk.get(), chunk.get() + chunk_size, f);
  }
  template<class F>
  void for_each(F f) const {
    for (auto const& chunk : chunks_)
      std::for_each(chunk.get(), chunk.get() + chunk_size, [&f](request_state const& one) { f(one); });
  }
  template<class Is>
  bool any_of(Is is) const {
    return std::any_of(chunks_.begin(), chunks_.end(),
                       [&](auto const& chunk) { return std::any_of(chunk.get(), chunk.get() + chunk_size, is); });
  }

private:
  static constexpr std::size_t chunk_size = 64;

  [[gnu::noinline]] void grow() {
    request_index const first = static_cast<request_index>(size());
    free_.resize(size() + chunk_size);
    request_state* const fresh = chunks_.emplace_back(new request_state[chunk_size]).get();
    for (std::size_t i = chunk_size; i-- != 0;) {
      fresh[i].id = first + static_cast<request_index>(i);
      free_[free_count_++] = &fresh[i];
    }
  }
  /// Asks for the same at the same balancer. `which` tells the copies' random bits apart.
  request_state& take_copy(request_state const& from, std::uint64_t which) {
    request_state& to = take();
    to.request = 0;
    to.client = {};
    to.draws = load::mix(from.draws + which);
    to.plan = from.plan;
    to.token = from.token;
    to.balancer = from.balancer;
    to.verb = from.verb;
    to.idempotent = from.idempotent;
    to.game_state = from.game_state;
    return to;
  }

  std::vector<std::unique_ptr<request_state[]>> chunks_;
  std::vector<request_state*> free_; // room for all; the first of them
  std::size_t free_count_ = 0;
  request_progress const fresh_{}; // copied whole: much faster than made in place, member by member
};

}
