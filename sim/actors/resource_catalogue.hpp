#pragma once

#include "fakeproxy/resources/resources.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The resources of a scenario, as its proxies show them and its clients ask for them.
namespace sim::actors {

/// What the cluster shows, and for how long balancers may rely on what they learnt.
struct resource_catalogue {
  std::vector<fakeproxy::resources::resource> all;
  std::vector<std::int64_t> grace_ns; // of each: see grace_ns below
  fakeproxy::resources::corporations corporations;
  std::int64_t facts_max_age_ns = 0; // of session facts at any balancer
};
resource_catalogue catalogue_of(scenario::scenario const& s);

/// For how long, in nanoseconds, a version may still be served after it ended: what Cache-Control says, what balancers
/// allow themselves where it does not forbid it, and a second, since dates and ages have no smaller part.
std::int64_t grace_ns(std::string_view cache_control, std::int64_t stale_if_unreachable_ns);

/// Whether a target has marks that `append_target` replaces.
bool has_mark(std::string_view target);
/// Appends `target` with `{character}` replaced by the character's number and `{corporation}` by the number of the one
/// that it is in at first.
void append_target(std::string& out, std::string_view target, std::uint32_t character,
                   fakeproxy::resources::corporations const& all);

}
