#pragma once

#include <filesystem>
#include <istream>
#include <memory>

namespace sim::scenario {

/// A log, as text from its beginning: FILE, or what gzip packed there; "-" is stdin, which is kept, so that it can be
/// opened again. Not for several threads. Throws `config::bad_input` for a file that cannot be read; reading its buffer
/// throws it where a packed file is damaged or ends early. What was read before may be sought again as far as the first
/// block.
std::unique_ptr<std::istream> open_log(std::filesystem::path const& file);

}
