#include "reports/confidence.hpp"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace reports {

double deviations(double confidence, std::uint64_t degrees) {
  double const below = 0.5 + confidence / 2;
  if (degrees == 0) return boost::math::quantile(boost::math::normal(), below);
  return boost::math::quantile(boost::math::students_t(static_cast<double>(degrees)), below);
}

}
