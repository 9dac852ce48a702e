#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

/// The standard model (bench/sim/standard.json) by itself, without the code that it is compared with: its parameters,
/// what it draws, and its decisions. The programs beside this file add time to it.
namespace bench {

inline constexpr std::uint32_t balancers = 8, proxies = 16, servers = 8;
inline constexpr double rate_rps = 45'000, requests_per_character = 444.0 * rate_rps / 1e6;
inline constexpr double hop_mean_s = 0.2e-3, hop_sigma = 0.5, service_mean_s = 2e-3;
inline constexpr std::uint8_t nobody = 0xff;

/// SplitMix64 (Steele, Lea and Flood 2014), with the laws of the model.
class draws {
public:
  explicit draws(std::uint64_t seed)
    : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>((bits() >> 32) * n >> 32); }
  double positive() { return static_cast<double>((bits() >> 11) + 1) * 0x1p-53; }
  double exponential(double mean) { return -mean * std::log(positive()); }
  /// One message, s: lognormal, of the mean above. Box and Muller give two normals at a time.
  double hop() {
    if (has_spare_) {
      has_spare_ = false;
      return scaled(spare_);
    }
    double const radius = std::sqrt(-2 * std::log(positive())), angle = 2 * std::acos(-1.0) * positive();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return scaled(radius * std::cos(angle));
  }

private:
  static double scaled(double normal) { return hop_mean_s * std::exp(hop_sigma * normal - hop_sigma * hop_sigma / 2); }

  std::uint64_t state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// Who knows what, and who holds whose session. The maps hold every character, so nothing is ever evicted.
struct routing {
  explicit routing(std::uint32_t characters)
    : owner(characters, nobody)
    , redirects_of(characters)
    , requests_of(characters) {
    for (auto& map : maps) map.assign(characters, nobody);
  }

  std::vector<std::uint8_t> owner;           // of a character's session
  std::vector<std::uint8_t> maps[balancers]; // character -> proxy
  std::vector<std::uint16_t> redirects_of, requests_of;
  double latency_s = 0;

  std::uint8_t first_choice(std::uint32_t balancer, std::uint32_t character, draws& random) {
    ++requests_of[character];
    std::uint8_t const known = maps[balancer][character];
    return known != nobody ? known : static_cast<std::uint8_t>(random.below(proxies));
  }
  /// The registry's answer to a proxy without the session: who has it; itself, if nobody had.
  std::uint8_t claim(std::uint32_t character, std::uint8_t proxy) {
    if (owner[character] == nobody) owner[character] = proxy;
    return owner[character];
  }
};

/// One line for bench/sim/run: the redirect ratio with its standard error, clustered by character.
inline void report(routing const& r) {
  double requests = 0, redirects = 0, squares = 0;
  for (std::size_t c = 0; c != r.owner.size(); ++c) requests += r.requests_of[c], redirects += r.redirects_of[c];
  double const ratio = redirects / requests;
  for (std::size_t c = 0; c != r.owner.size(); ++c) {
    double const off = r.redirects_of[c] - ratio * r.requests_of[c];
    squares += off * off;
  }
  std::printf("requests %.0f ratio %.6f error %.6f latency_ms %.4f\n", requests, ratio, std::sqrt(squares) / requests,
              1e3 * r.latency_s / requests);
}

/// PROGRAM CHARACTERS SEED [WAY]
struct arguments {
  std::uint32_t characters;
  std::uint64_t seed;

  arguments(int argc, char** argv) {
    if (argc != 3 || std::atol(argv[1]) < 1) {
      std::fprintf(stderr, "usage: %s CHARACTERS SEED [actor-each|reused]\n", argv[0]);
      std::exit(2);
    }
    characters = static_cast<std::uint32_t>(std::atol(argv[1]));
    seed = std::strtoull(argv[2], nullptr, 10);
  }
  std::uint64_t requests() const {
    return static_cast<std::uint64_t>(static_cast<double>(characters) * requests_per_character);
  }
};

}
