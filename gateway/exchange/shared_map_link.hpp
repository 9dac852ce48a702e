#pragma once

#include "gateway/routing/shared_link.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace gateway::exchange {

using routing::link_condition;
using routing::time_ns;

/// A balancer's link to the shared token map, over one connection on which answers come in the order of their commands.
/// It decides whether the map may be asked (routing::shared_link has the rules of trust), who waits for it and for how
/// long, and when it is tried. `Asker`: whoever waits. Not thread-safe.
///
/// Nobody waits while the map is not usable, and nobody longer than `timeout`. The first look-up that is not answered
/// in time releases everyone who waits: the map is overloaded, and nobody waits for it again until a probe has been
/// answered in time.
template<class Asker>
class shared_map_link {
public:
  using ticket = std::uint64_t; // of a look-up; 0: none
  struct waiting {
    ticket number;
    time_ns due;
    Asker who;
  };

  /// What the next attempt consists of.
  enum class attempt : std::uint8_t {
    none,
    connect, // open a connection, then call `on_open`, or `on_lost`
    probe    // send a probe, then call `on_probe_sent`
  };
  /// What is due at a deadline.
  struct due {
    std::vector<waiting> released{}; // they wait no more; `late` of them waited their full time
    std::size_t late = 0;
    attempt next = attempt::none;
  };

  explicit shared_map_link(time_ns timeout = 0)
    : timeout_(timeout) {}

  bool usable() const { return link_.usable(); }
  link_condition condition() const { return link_.condition(); }

  /// A look-up is sent. Precondition: `usable()`.
  ticket look_up(Asker who, time_ns now) {
    waiting_.push_back({++last_ticket_, now + timeout_, std::move(who)});
    return last_ticket_;
  }
  /// A look-up is answered. Returns who is to be told; nullopt: the answer came too late.
  std::optional<Asker> on_found(ticket number) {
    if (waiting_.empty() || waiting_.front().number != number) return std::nullopt;
    Asker who = std::move(waiting_.front().who);
    waiting_.pop_front();
    return who;
  }

  // ---- the connection
  void on_open() { is_open_ = true; }
  void on_probe_sent(time_ns now) {
    is_probing_ = true;
    probe_due_ = now + timeout_;
  }
  /// The probe is answered, and not with an error. Returns whether the map may lack entries, so that what is known has
  /// to be reported again.
  template<class Generator>
  bool on_probed(time_ns now, Generator& generator) {
    is_probing_ = false;
    if (!std::exchange(probe_due_, std::nullopt)) {
      link_.fell(link_condition::slow, now, generator);
      return false;
    }
    if (link_.usable()) return false;
    link_.recovered(now);
    return std::exchange(may_lack_, false);
  }
  /// The probe is answered with an error.
  template<class Generator>
  void on_probe_refused(time_ns now, Generator& generator) {
    is_probing_ = false;
    probe_due_.reset();
    on_error(now, generator);
  }
  /// A command was answered with an error, and may not have been carried out.
  template<class Generator>
  void on_error(time_ns now, Generator& generator) {
    may_lack_ = true;
    link_.fell(link_condition::refusing, now, generator);
  }
  /// The connection is gone, or could not be opened; the map may have been restarted. Returns those who wait no more.
  template<class Generator>
  std::vector<waiting> on_lost(time_ns now, Generator& generator) {
    is_open_ = is_probing_ = false;
    may_lack_ = true;
    probe_due_.reset();
    link_.fell(link_condition::down, now, generator);
    return release();
  }

  // ---- time
  /// nullopt: nothing is due.
  std::optional<time_ns> next_deadline() const {
    std::optional<time_ns> next = is_probing_ ? probe_due_ : link_.next_attempt();
    if (!waiting_.empty() && (!next || waiting_.front().due < *next)) next = waiting_.front().due;
    return next;
  }
  /// May be called before anything is due, and late. Everything received so far has to be reported first.
  template<class Generator>
  due on_deadline(time_ns now, Generator& generator) {
    due out;
    if (probe_due_ && *probe_due_ <= now) probe_due_.reset();
    while (out.late != waiting_.size() && waiting_[out.late].due <= now) ++out.late;
    if (out.late != 0) {
      link_.fell(link_condition::slow, now, generator);
      out.released = release();
    }
    if (auto const at = link_.next_attempt(); at && *at <= now && !is_probing_) {
      link_.attempt_begins();
      out.next = is_open_ ? attempt::probe : attempt::connect;
    }
    return out;
  }

private:
  std::vector<waiting> release() {
    std::vector<waiting> out(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
    waiting_.clear();
    return out;
  }

  time_ns timeout_;
  routing::shared_link link_;
  std::deque<waiting> waiting_; // in the order of their look-ups
  ticket last_ticket_ = 0;
  bool is_open_ = false;
  bool is_probing_ = false;          // since a probe was sent
  std::optional<time_ns> probe_due_; // unless it is late already
  /// The map may lack what it was told. Not set when it was merely slow: it has enough to do then.
  bool may_lack_ = false;
};

}
