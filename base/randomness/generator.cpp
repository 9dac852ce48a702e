#include "base/randomness/generator.hpp"

#include "base/contract/expects.hpp"
#include "base/randomness/elementary.hpp"

namespace randomness {

double exponential_ns(double uniform, double rate) {
  CREST_EXPECTS(rate > 0);
  return -exact_log(uniform) / rate * 1e9;
}

void exponentials_ns(std::span<double> uniform, double rate) {
  CREST_EXPECTS(rate > 0);
  exact_logs(uniform);
  for (double& x : uniform) x = -x / rate * 1e9;
}

}
