#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace sim::plan {

/// What was found out about a place: whether what is asked for holds there, or that this cannot be told.
enum class told : std::uint8_t { holds, fails, unknown };

/// Looks for the last of many places, in order, at which something holds, by halving what lies between the last place
/// where it holds and the next one where it does not. It begins with the first place. Where the answers are ordered
/// (it holds up to a place, and nowhere beyond), what it finds is that place.
///
/// Nothing says that they are ordered, and a search that only halves never meets what would contradict it. So it then
/// looks into the widest gaps that are left before the last place that holds, `probes` times: a place that fails below
/// one that holds is a `reversal`. If the first place fails, it looks into the gaps beyond it; a place that holds there
/// is the last one, from which it goes on. Beyond a place that holds it does not look further: of a load, such places
/// are the dearest to ask about.
///
/// A place of which nothing can be told ends what is searched as one that fails does, and is no reversal. If it is the
/// first one, the search is over.
class bisection {
public:
  /// `places` >= 1.
  bisection(std::size_t places, std::size_t probes);

  /// The place to ask about; none: the search is over.
  std::optional<std::size_t> next() const;

  /// What became of the place that `next` said.
  void tell(told what);

  /// The last place that holds, of those that were asked about.
  std::optional<std::size_t> last() const;

  /// The lowest place beyond it that was asked about (or of all, if none holds); none: there is none beyond.
  std::optional<std::size_t> beyond() const;

  /// Places that fail below one that holds, in order.
  std::vector<std::size_t> reversals() const;

  /// How many answers are needed still; more if a probe finds a place that holds where none was expected.
  std::size_t left() const;

private:
  /// The place in the middle between the last that holds and the next; none: they are neighbours, or none holds.
  std::optional<std::size_t> middle() const;
  /// The middle of the widest gap between places that were asked about, up to the last that holds if there is one; of
  /// several the lowest.
  std::optional<std::size_t> widest_gap() const;

  std::size_t places_, probes_; // probes: that are left
  std::map<std::size_t, told> told_;
};

}
