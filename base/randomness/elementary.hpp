#pragma once

#include <span>

/// Elementary functions that give the same bits on every machine, for use wherever a random draw decides something.
///
/// The C library's differ in the last bit between versions and processors (some use fused multiply-add where there is
/// one), and one bit can reorder a simulated run. These use only operations that IEEE 754 defines exactly, and are
/// compiled without contraction. Errors are below 4 units in the last place; about 10 ns each.
namespace randomness {

/// log(x), x > 0 and finite.
double exact_log(double x);

/// Each value becomes its logarithm, with the same bits as from `exact_log`, at half its cost. Finite, and at least
/// DBL_MIN.
void exact_logs(std::span<double> values);

/// exp(x); 0 below about -745, infinity above about 709.
double exact_exp(double x);

/// log(1 + x) without cancellation, x > -1.
double exact_log1p(double x);

/// exp(x) - 1 without cancellation.
double exact_expm1(double x);

/// The standard normal quantile: z with P(Z <= z) = p, 0 < p < 1. Relative error below 1.2e-9 (P. J. Acklam's rational
/// approximation of 2003).
double exact_normal_quantile(double p);

}
