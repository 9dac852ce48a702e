#pragma once

#include "base/contract/expects.hpp"
#include "sim/load/arrivals.hpp"
#include "sim/load/planned_request.hpp"
#include "sim/load/popularity.hpp"
#include "sim/load/stream.hpp"
#include "sim/load/trace.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sim::load {

/// A share of the load: every `of`-th request (open) or character (closed), from number `index` on. One for each thread
/// of a load generator; all shares together are the whole load.
struct slice {
  std::uint32_t index = 0, of = 1;
};

/// What the requests of a scenario refer to. Constant once made; shared by threads.
struct plan {
  scenario::scenario const* what = nullptr; // outlives the plan
  std::vector<scenario::mix_entry> methods; // weight 0: only a trace uses it; `targets` is empty, see target_sets
  std::vector<std::string> targets;         // may hold "{character}"
  std::vector<std::vector<std::uint32_t>> target_sets; // of each method: indices into targets, used in turn
  std::vector<trace_entry> trace;                      // by time
  std::optional<std::string> bad_log; // more of the log was skipped than load.max_skipped allows: how much
  std::vector<std::string> notes;     // one line each, such as lines of a log that could not be read

  /// How many requests there will be, where that is known before: closed loads without a duration, and traces.
  std::optional<std::uint64_t> total_requests() const;
  /// Whether requests have intended times. Otherwise (closed load; trace with speed 0) the next one is due when one
  /// ends.
  bool paced() const;
};

/// Reads the trace, if there is one. Throws config::bad_input when it has no usable line. `s` outlives the plan.
plan make_plan(scenario::scenario const& s);

/// All requests of an open load or trace in the order of their intended times. Single-threaded.
class request_source {
public:
  /// `p` outlives the source. Precondition: the load is not closed.
  explicit request_source(plan const& p, slice part = {});

  /// Draws the next requests; returns how many: fewer than there is room for when the load is over, and what is behind
  /// them says nothing. An unpaced trace gives all with `at_ns` 0: take the next one when a connection is free.
  std::size_t draw(std::span<planned_request> into);
  /// The next request, or nothing when the load is over.
  std::optional<planned_request> next();

private:
  /// A method's targets, one after the other.
  struct targets_in_turn {
    std::span<std::uint32_t const> all;
    std::size_t next = 0;

    std::uint32_t take() {
      std::uint32_t const taken = all[next];
      next = next + 1 == all.size() ? 0 : next + 1;
      return taken;
    }
  };

  std::size_t draw_of_all(std::span<planned_request> into);
  std::size_t draw_of_trace(std::span<planned_request> into);
  void draw_methods(std::span<planned_request> into);
  void draw_tokens(std::span<planned_request> into);
  void draw_balancers(std::span<planned_request> into);
  void rotate_until(std::int64_t at_ns);
  std::size_t keep_own(std::span<planned_request> drawn);

  plan const* plan_;
  slice part_;
  std::uint32_t slice_ = 0;          // of the next request of all
  std::size_t replayed_ = 0;         // of a trace
  std::optional<arrivals> arrivals_; // unless it is a trace
  popularity popularity_;
  std::vector<double> method_weights_;   // cumulative
  std::vector<targets_in_turn> targets_; // of each method
  std::vector<std::uint32_t> rotations_; // of each character; empty without rotation
  double next_rotation_ns_ = 0;
  std::uint32_t connections_;
  mersenne_twister who_, what_, where_, tokens_, rotation_;
};

/// One character's part of a closed load: what it has sent and its own random stream, so that its requests do not
/// depend on how the characters interleave.
struct active_character {
  std::uint32_t character = 0;
  std::uint32_t connection = 0;
  std::uint32_t remaining = 0; // requests not yet given
  std::uint32_t given = 0;
  std::uint32_t rotation = 0;
  double next_rotation_ns = 0;
  small_stream draws;
  small_stream rotation_draws; // apart, since how many are needed depends on time
};

/// A closed load: characters in random order, each with its requests one after another. Single-threaded.
class closed_plan {
public:
  /// `p` outlives it. Precondition: the load is closed.
  explicit closed_plan(plan const& p, slice part = {});

  /// The next character that becomes active, or nothing when all were started. `connection` is the number of the place
  /// (of `load.concurrency`) that it takes; `now_ns` from the start of the load.
  std::optional<active_character> start_next_character(std::uint32_t connection, std::int64_t now_ns);

  /// The character's next request, or nothing when it has sent all (or the load's duration is over): then start
  /// another.
  std::optional<planned_request> next(active_character& who, std::int64_t now_ns);

  /// Of this slice, without a duration.
  std::uint64_t total_requests() const;
  std::uint64_t given() const { return given_; }

private:
  plan const* plan_;
  std::vector<std::uint32_t> order_; // of characters
  std::size_t started_ = 0;
  std::uint64_t given_ = 0;
  std::vector<double> method_weights_;
};

/// Which balancer a request goes to. Decided when it is sent, since balancers are added during a run. When one is
/// added, `address` and `per_connection` move only as many as go to the new one (jump consistent hash).
class balancer_chooser {
public:
  /// Several choosers of a run (one a thread) differ in `first`, where round robin starts.
  explicit balancer_chooser(scenario::balancer_choice choice, std::uint32_t first = 0)
    : choice_(choice)
    , turn_(first) {}

  /// Below `balancers`, which is not 0.
  std::uint16_t choose(planned_request const& request, std::uint16_t balancers) {
    CREST_EXPECTS(balancers != 0);
    if (choice_ != scenario::balancer_choice::uniform) return choose_not_drawn(request, balancers);
    // The bias of multiply-and-shift over 32 bits is below balancers / 2^32.
    return static_cast<std::uint16_t>(((request.balancer_draw >> 32) * balancers) >> 32);
  }

private:
  std::uint16_t choose_not_drawn(planned_request const& request, std::uint16_t balancers);

  scenario::balancer_choice choice_;
  std::uint32_t turn_;
};

}
