#include "sim/studies/plan/bisection.hpp"

#include "base/contract/expects.hpp"

#include <algorithm>
#include <bit>

namespace sim::plan {

bisection::bisection(std::size_t places, std::size_t probes)
  : places_(places)
  , probes_(probes) {}

std::optional<std::size_t> bisection::next() const {
  if (told_.empty()) return 0;
  if (told_.begin()->second == told::unknown) return std::nullopt;
  if (auto const between = middle()) return between;
  return probes_ == 0 ? std::nullopt : widest_gap();
}

void bisection::tell(told what) {
  auto const place = next();
  CREST_EXPECTS(place.has_value()); // a search that is over is told nothing
  if (!told_.empty() && !middle()) --probes_;
  told_[*place] = what;
}

std::optional<std::size_t> bisection::last() const {
  auto const at = std::find_if(told_.rbegin(), told_.rend(), [](auto const& one) { return one.second == told::holds; });
  return at == told_.rend() ? std::nullopt : std::optional(at->first);
}

std::optional<std::size_t> bisection::beyond() const {
  auto const held = last();
  auto const at = held ? told_.upper_bound(*held) : told_.begin();
  return at == told_.end() ? std::nullopt : std::optional(at->first);
}

std::vector<std::size_t> bisection::reversals() const {
  std::vector<std::size_t> places;
  auto const held = last();
  for (auto const& [place, what] : told_)
    if (held && place < *held && what == told::fails) places.push_back(place);
  return places;
}

std::optional<std::size_t> bisection::middle() const {
  auto const held = last();
  if (!held) return std::nullopt;
  std::size_t const end = beyond().value_or(places_);
  return end - *held > 1 ? std::optional(*held + (end - *held) / 2) : std::nullopt;
}

std::optional<std::size_t> bisection::widest_gap() const {
  std::optional<std::size_t> found;
  std::size_t widest = 1;
  auto const held = last();
  for (auto at = told_.begin(); at != told_.end() && (!held || at->first < *held); ++at) {
    auto const after = std::next(at);
    std::size_t const gap = (after == told_.end() ? places_ : after->first) - at->first;
    if (gap <= widest) continue;
    widest = gap;
    found = at->first + gap / 2;
  }
  return found;
}

std::size_t bisection::left() const {
  if (!next()) return 0;
  auto const held = last();
  std::size_t const first = told_.empty() ? 1 : 0;
  if (!held && first == 0) return std::min(probes_, places_ - told_.size());
  std::size_t const gap = beyond().value_or(places_) - held.value_or(0); // between neighbours: 1
  std::size_t const halvings = static_cast<std::size_t>(std::bit_width(gap - 1));
  return first + std::min(halvings + probes_, places_ - told_.size() - first);
}

}
