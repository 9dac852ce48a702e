#include "gateway/net/clocks.hpp"

#include <ctime>

namespace gateway::net {

cache::moment cache_now() {
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  return {.wall_s = wall.tv_sec, .steady_ns = monotonic_ns()};
}

}
