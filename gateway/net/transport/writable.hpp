#pragma once

#include <filesystem>
#include <string>

namespace gateway::net {

/// Creates a file in `directory` that has no name and disappears when it is closed; -1 with the reason in errno.
int make_nameless_file(std::filesystem::path const& directory);

/// Why `file` cannot be opened for writing, or created; empty: it can. Nothing is left behind or changed.
std::string why_not_writable(std::filesystem::path const& file);

}
