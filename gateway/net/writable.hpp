#pragma once

#include <filesystem>
#include <string>

namespace gateway::net {

/// Why `file` could not be opened for writing, or be made; empty: it could. Nothing is made or changed.
std::string why_not_writable(std::filesystem::path const& file);

}
