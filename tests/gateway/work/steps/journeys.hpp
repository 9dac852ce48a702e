#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// All that the gateway does with the bytes of a message before, and besides, sending them: reads it, decides, writes
/// it anew, looks at it as a cache does. Limits that would spare it the work are out of the way.
namespace tests::work {

/// Steps (counter.hpp) that a request takes which comes in parts of so many bytes (0: at once), its body included.
std::uint64_t steps_of_request(std::string const& wire, std::size_t part = 0);

/// Likewise of an answer: as it goes to a client, into the store, out of it, and as a 304 for what is stored.
std::uint64_t steps_of_answer(std::string const& wire, std::size_t part = 0);

/// What it takes to find the request's variant among answers like this one.
std::uint64_t steps_of_pair(std::string const& request, std::string const& answer);

}
