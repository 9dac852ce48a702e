#pragma once

#include <filesystem>
#include <string_view>

/// What the programs do with files and standard streams, in one place: nothing is written by halves, nothing is lost in
/// silence, and a directory has one user at a time.
namespace files {

/// Writes `text` under another name and renames, so that FILE is whole or as it was, whoever is killed when and however
/// full the disk is. Makes its directory. A symbolic link stays one; what is no regular file (a pipe, /dev/stdout) is
/// written into. Several threads and processes may write the same file: one of the texts stays. Throws
/// std::runtime_error: "cannot write FILE: No space left on device".
void write_file(std::filesystem::path const& file, std::string_view text);

}
