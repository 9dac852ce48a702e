#pragma once

#include <filesystem>
#include <string>

namespace reports {

/// Writes under another name and renames, so that no reader meets a part. Throws std::runtime_error.
void write_file(std::filesystem::path const& file, std::string const& text);

}
