#pragma once

#include "sim/load/planned_request.hpp"
#include "sim/load/stream.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace sim::load {

/// A rank from 1 to n with probability proportional to rank^-s, s > 0, in constant time and space: rejection-inversion
/// (Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", 1996).
class zipf_ranks {
public:
  zipf_ranks(std::uint32_t n, double exponent);

  template<class Generator>
  std::uint32_t operator()(Generator& generator) const {
    for (;;) {
      double const u = high_ + uniform_real(generator) * (low_ - high_);
      double const x = inverse(u);
      std::uint32_t const k = nearest_rank(x);
      if (static_cast<double>(k) - x <= shortcut_ || u >= integral(k + 0.5) - weight(k)) return k;
    }
  }

private:
  double integral(double x) const; // of t^-s, up to a constant
  double inverse(double y) const;  // of integral
  double weight(double x) const;   // x^-s
  std::uint32_t nearest_rank(double x) const;

  std::uint32_t n_;
  double exponent_, low_, high_, shortcut_;
};

/// Which character each request of an open load is from: uniform, or Zipf over a random order of the characters (so
/// that popularity has nothing to do with being logged in).
class popularity {
public:
  popularity(std::uint32_t characters, double zipf, std::uint64_t seed);

  void draw(mersenne_twister& generator, std::span<planned_request> into) const;

private:
  std::uint32_t characters_;
  std::vector<std::uint32_t> by_rank_; // empty when uniform
  zipf_ranks ranks_;
};

/// The numbers from 0 to n − 1 in random order (Fisher–Yates with our own draws).
std::vector<std::uint32_t> shuffled(std::uint32_t n, mersenne_twister generator);

}
