#pragma once

#include <filesystem>

namespace sim::live {

struct certificate_files {
  std::filesystem::path certificate, key; // PEM
};

/// Makes a key and a certificate for 127.0.0.1 and localhost that it signed itself, good for some days: for balancers
/// of a run, whose clients do not look at it. Throws std::runtime_error.
certificate_files make_certificate(std::filesystem::path const& directory);

}
