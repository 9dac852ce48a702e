#pragma once

#include <filesystem>
#include <string>

namespace gateway::net {

/// A file in `directory` that has no name and goes when it is closed; -1, and errno says why.
int make_nameless_file(std::filesystem::path const& directory);

/// Why `file` could not be opened for writing, or be made; empty: it could. Nothing is left behind or changed.
std::string why_not_writable(std::filesystem::path const& file);

}
