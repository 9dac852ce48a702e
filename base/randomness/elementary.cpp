#include "base/randomness/elementary.hpp"

#include "base/contract/expects.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace randomness {
namespace {

// ln 2 in two parts: the first has 32 significant bits, so that a multiple of it by an exponent is exact.
constexpr double ln2_high = 0x1.62e42feep-1;
constexpr double ln2_low = 0x1.a39ef35793c76p-33;
constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
constexpr double sqrt_half = 0x1.6a09e667f3bcdp-1;

/// 2 atanh(s) for |s| <= 0.172: the odd series, to s^21.
double twice_atanh(double s) {
  double const z = s * s;
  double sum = 1.0 / 21;
  sum = sum * z + 1.0 / 19;
  sum = sum * z + 1.0 / 17;
  sum = sum * z + 1.0 / 15;
  sum = sum * z + 1.0 / 13;
  sum = sum * z + 1.0 / 11;
  sum = sum * z + 1.0 / 9;
  sum = sum * z + 1.0 / 7;
  sum = sum * z + 1.0 / 5;
  sum = sum * z + 1.0 / 3;
  return 2 * s + 2 * s * (z * sum);
}

/// (exp(r) - 1 - r) / r² for |r| <= 0.35: Taylor, to r^14.
double exp_tail(double r) {
  double sum = 1.0 / 87178291200;
  sum = sum * r + 1.0 / 6227020800;
  sum = sum * r + 1.0 / 479001600;
  sum = sum * r + 1.0 / 39916800;
  sum = sum * r + 1.0 / 3628800;
  sum = sum * r + 1.0 / 362880;
  sum = sum * r + 1.0 / 40320;
  sum = sum * r + 1.0 / 5040;
  sum = sum * r + 1.0 / 720;
  sum = sum * r + 1.0 / 120;
  sum = sum * r + 1.0 / 24;
  sum = sum * r + 1.0 / 6;
  return sum * r + 1.0 / 2;
}

/// m · 2^e = x with m in [sqrt(1/2), sqrt(2)).
struct parts {
  double mantissa;
  double exponent;
};

/// Of a normal x > 0. Without branches or conversions, of which SSE2 has none for 64-bit integers: a loop of these is
/// vectorised.
parts split_normal(double x) {
  constexpr std::uint64_t fraction_bits = (std::uint64_t{1} << 52) - 1, half = std::uint64_t{1022} << 52;
  constexpr std::uint64_t sqrt_half_fraction = std::bit_cast<std::uint64_t>(sqrt_half) & fraction_bits;
  auto const bits = std::bit_cast<std::uint64_t>(x);
  std::uint64_t const lowered = bits - sqrt_half_fraction; // its exponent is one less where m would be below sqrt(1/2)
  // An integer below 2^52 in the fraction of a double that is 2^52 without it.
  auto const biased = std::bit_cast<double>((lowered >> 52) | std::bit_cast<std::uint64_t>(0x1p52));
  return {std::bit_cast<double>(bits - (lowered & ~fraction_bits) + half), biased - (0x1p52 + 1022)};
}

double log_of(parts p) {
  double const log_mantissa = twice_atanh((p.mantissa - 1) / (p.mantissa + 1));
  return p.exponent * ln2_high + (p.exponent * ln2_low + log_mantissa);
}

constexpr double smallest_normal = std::numeric_limits<double>::min();

}

double exact_log(double x) {
  CREST_EXPECTS(x > 0);
  if (x >= smallest_normal) return log_of(split_normal(x));
  parts p = split_normal(x * 0x1p54);
  p.exponent -= 54;
  return log_of(p);
}

void exact_logs(std::span<double> values) {
  std::uint64_t outside = 0; // its highest bit: a value is negative or below the smallest normal one
  for (double& x : values) {
    auto const bits = std::bit_cast<std::uint64_t>(x);
    outside |= bits | (bits - std::bit_cast<std::uint64_t>(smallest_normal));
    x = log_of(split_normal(x));
  }
  CREST_EXPECTS(outside >> 63 == 0);
}

double exact_exp(double x) {
  if (!(x > -746)) return 0;
  if (x > 710) return std::numeric_limits<double>::infinity();
  double const k = std::floor(x * inverse_ln2 + 0.5);
  double const r = (x - k * ln2_high) - k * ln2_low;
  double const value = 1 + (r + r * r * exp_tail(r));
  // In two steps, so that results at both ends of the range are right.
  int const exponent = static_cast<int>(k);
  int const half = exponent / 2;
  auto const power = [](int e) { return std::bit_cast<double>(static_cast<std::uint64_t>(e + 1023) << 52); };
  return value * power(half) * power(exponent - half);
}

double exact_log1p(double x) {
  CREST_EXPECTS(x > -1);
  if (x > -0.25 && x < 0.35) return twice_atanh(x / (2 + x));
  return exact_log(1 + x);
}

double exact_expm1(double x) {
  if (x > -0.35 && x < 0.35) return x + x * x * exp_tail(x);
  return exact_exp(x) - 1;
}

double exact_normal_quantile(double p) {
  CREST_EXPECTS(p > 0 && p < 1);
  constexpr double low = 0.02425;
  if (p > 1 - low) return -exact_normal_quantile(1 - p);
  if (p < low) {
    double const q = std::sqrt(-2 * exact_log(p));
    return (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
              2.549732539343734e+00) *
                 q +
             4.374664141464968e+00) *
                q +
            2.938163982698783e+00) /
           ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q +
             3.754408661907416e+00) *
                q +
            1);
  }
  double const q = p - 0.5;
  double const r = q * q;
  return (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
            1.383577518672690e+02) *
               r -
           3.066479806614716e+01) *
              r +
          2.506628277459239e+00) *
         q /
         (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
            6.680131188771972e+01) *
               r -
           1.328068155288572e+01) *
              r +
          1);
}

}
