#pragma once

#include <cstddef>
#include <functional>

namespace sim::sweep {

/// Calls `work` with each number below `count`, `jobs` at a time, in threads of which the caller's is one. No further
/// call begins once `stopped` says true, or after a call threw; what the first one threw is passed on when all have
/// ended. Both functions are called from several threads, `stopped` by one at a time.
void side_by_side(std::size_t count, unsigned jobs, std::function<bool()> const& stopped,
                  std::function<void(std::size_t)> const& work);

}
