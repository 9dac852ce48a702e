// Whatever a message is made of: four times as much of it is not many times as much work. The input says of what: two
// bytes, then up to five parts with 0xFF between them, of which the second and the fourth are repeated.
#include "tests/gateway/work/steps/counter.hpp"
#include "tests/gateway/work/steps/journeys.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t longest_part = 64; // of those that are repeated
constexpr int few = 32, many = 4 * few;

/// Less than this is what a message costs that says nothing, as often as it likes.
constexpr double for_nothing = 50'000;
/// For each byte, times the logarithm of their number: what sorting and hashing costs at most, twice.
constexpr double for_a_byte = 60;
constexpr double most_growth = 8;

std::string repeated(std::string_view part, int times) {
  std::string out;
  for (int i = 0; i != times; ++i) out += part;
  return out;
}

}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size < 2) return 0;
  bool const is_request = data[0] % 2 == 0;
  std::size_t const part = data[1] % 4 == 0 ? data[1] : 0; // that it comes in
  std::string_view rest(reinterpret_cast<char const*>(data) + 2, size - 2);
  std::array<std::string_view, 5> parts;
  for (std::string_view& one : parts) {
    one = rest.substr(0, rest.find('\xff'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  if (parts[1].size() > longest_part || parts[3].size() > longest_part) return 0;
  auto const message = [&](int times) {
    std::string out(is_request ? "GET /" : "HTTP/1.1 200 ");
    out.append(parts[0]).append(repeated(parts[1], times)).append(parts[2]).append(repeated(parts[3], times));
    return out.append(parts[4]).append("\r\n\r\n");
  };
  std::string const small = message(few), large = message(many);
  auto const steps = is_request ? tests::work::steps_of_request : tests::work::steps_of_answer;
  auto const less = static_cast<double>(steps(small, part)), more = static_cast<double>(steps(large, part));
  auto const bytes = static_cast<double>(large.size());
  bool const is_too_much = more > for_nothing + for_a_byte * bytes * std::log2(bytes);
  bool const has_grown = more > most_growth * less + for_nothing;
  if (is_too_much && has_grown) {
    std::fprintf(stderr, "%zu bytes: %.0f steps, %zu bytes: %.0f steps\n", small.size(), less, large.size(), more);
    std::abort();
  }
  return 0;
}
