#pragma once

#include "sim/engines/live/certificate.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sim::live {

/// Where a balancer that is started from a template is in the run: what its placeholders stand for.
struct balancer_place {
  std::string listen;                 // HOST:PORT
  std::vector<std::string> upstreams; // HOST:PORT
  std::filesystem::path prefix;       // its own directory; exists
  std::optional<certificate_files> tls{};
};

}
