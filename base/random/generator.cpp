#include "base/random/generator.hpp"

#include "base/random/elementary.hpp"

namespace base::random {

double exponential_ns(double uniform, double rate) { return -exact_log(uniform) / rate * 1e9; }

}
