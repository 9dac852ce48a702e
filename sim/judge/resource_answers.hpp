#pragma once

#include "sim/actors/resource_catalogue.hpp"
#include "sim/records/records.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// Whether an answer for a configured resource is one that its client may have got, cached or not.
namespace sim::judge {

/// An answer as it came.
struct resource_answer {
  std::size_t resource = 0; // index into actors::resource_catalogue::all
  std::string_view target;
  std::uint32_t character = journal::no_character; // none without a good token
  unsigned status = 0;
  std::optional<fakeproxy::resources::resource_mark> mark; // of Lab-Resource
  bool from_cache = false;                                 // made for another request
  std::int64_t sent_ns = 0, done_ns = 0;                   // of the request, CLOCK_MONOTONIC
};

/// Bits of `client_finding`: foreign (somebody else's, or of a corporation that the character was not in), denied (it
/// was in it all the time), too_old (an older version than the resource lets caches serve).
std::uint16_t check_resource(actors::resource_catalogue const& catalogue, resource_answer const& answer);

}
