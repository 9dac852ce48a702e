#pragma once

#include <filesystem>
#include <string_view>

/// How the programs use files and standard streams, in one place: no file is partial, nothing is lost silently, and a
/// directory has one user at a time.
namespace os {

/// Writes `text` under another name and renames it, so that FILE is either complete or unchanged, even if a process is
/// killed or the disk is full. Creates its directory. A symbolic link stays a link; if FILE is not a regular file (a
/// pipe, /dev/stdout), it is written to directly. If several threads or processes write the same file, one of the texts
/// remains. Throws std::runtime_error: "cannot write FILE: No space left on device".
void write_file(std::filesystem::path const& file, std::string_view text);

}
