#pragma once

#include <cstdint>

namespace reports {

/// Standard errors that a two-sided interval reaches to each side: of Student's t with so many degrees of freedom, of
/// the normal distribution with 0. 0 < confidence < 1.
double deviations(double confidence, std::uint64_t degrees);

}
