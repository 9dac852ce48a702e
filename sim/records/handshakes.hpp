#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sim::records {

/// TLS handshakes of the load's clients; resumed ones are among all.
struct handshake_counts {
  std::uint64_t all = 0, resumed = 0;

  static constexpr std::array<std::string_view, 3> metrics{"tls_handshakes", "tls_resumed",
                                                           "tls_handshakes_per_second"};
  /// The value of one of `metrics` over the load's length; nullopt for any other.
  std::optional<double> value_of(std::string_view name, double seconds) const {
    if (name == "tls_resumed") return static_cast<double>(resumed);
    if (name == "tls_handshakes") return static_cast<double>(all);
    if (name == "tls_handshakes_per_second") return seconds > 0 ? static_cast<double>(all) / seconds : 0;
    return std::nullopt;
  }
};

}
