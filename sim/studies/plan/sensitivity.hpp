#pragma once

#include "sim/studies/plan/definition.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace sim::plan {

/// The effect of an input on the answer.
struct tornado_bar {
  input what;
  std::optional<double> price_low, price_high;   // of the answer there; nothing: none meets the goals
  std::optional<double> metric_low, metric_high; // of the binding goal, at the answer of the file as it stands
};

/// What binds the answer: the goal, and in which circumstance it was judged.
struct binding {
  std::size_t goal = 0, circumstance = 0;
};

/// A candidate that differs from the answer by one step on one axis and costs less.
struct neighbour {
  std::size_t candidate = 0, axis = 0;
};

/// In the order of axes; an axis may have two (its values need not be ordered by price).
std::vector<neighbour> cheaper_neighbours(definition const& d, std::size_t candidate);

/// The goal that the most expensive of the answer's cheaper neighbours fails. If there is none, or it fails no goal of
/// its own: the goal whose bound is nearest at the answer.
std::optional<binding> binding_of(definition const& d, findings const& f);
/// Whether a cheaper neighbour shows it.
bool binding_is_shown(definition const& d, findings const& f);

/// The goal with the least head-room at the answer.
std::optional<binding> least_headroom(definition const& d, findings const& f);

/// An axis of which a candidate has the first or the last value: what lies beyond was not looked at.
struct edge {
  std::size_t axis = 0;
  bool first = false; // else the last
};

/// In the order of axes; axes with one value have no edge.
std::vector<edge> edges_of(definition const& d, std::size_t candidate);

/// Makes the evaluation of a definition, which must outlive it.
using evaluation_maker = std::function<evaluation(definition const&)>;

/// Plans again for each input, low and high. In the order of the file's inputs. Nothing if it was stopped.
std::optional<std::vector<tornado_bar>> sensitivity_of(definition const& d, findings const& f,
                                                       evaluation_maker const& make, search_options const& options);

}
