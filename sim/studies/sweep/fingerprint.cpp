#include "sim/studies/sweep/fingerprint.hpp"

#include "base/config/document.hpp"

#include <sodium.h>

#include <array>
#include <fstream>
#include <iterator>
#include <vector>

namespace sim::sweep {

namespace fs = std::filesystem;

namespace {

/// In blocks: a trace may be larger than memory.
std::string digest_of_file(fs::path const& file) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, 16);
  std::ifstream in(file, std::ios::binary);
  std::vector<char> block(1u << 16);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    crypto_generichash_update(&state, reinterpret_cast<unsigned char const*>(block.data()),
                              static_cast<unsigned long long>(in.gcount()));
  }
  std::array<unsigned char, 16> bytes;
  crypto_generichash_final(&state, bytes.data(), bytes.size());
  std::array<char, 33> text;
  return sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
}

}

std::string digest(std::string_view text) {
  std::array<unsigned char, 16> bytes;
  crypto_generichash(bytes.data(), bytes.size(), reinterpret_cast<unsigned char const*>(text.data()), text.size(),
                     nullptr, 0);
  std::array<char, 33> hex;
  return sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
}

void refuse_stdin(config::document const& document) {
  nlohmann::json::json_pointer const at("/load/file");
  nlohmann::json const& root = document.root();
  if (root.contains(at) && root.at(at) == "-")
    throw document.error_at(at, "found \"-\", stdin, in a scenario that is run more than once; allowed: a file");
}

std::string file_digests::of(nlohmann::json const& scenario, fs::path const& directory) {
  std::string text;
  if (!scenario.is_structured()) return text;
  for (auto const& [key, value] : scenario.items()) {
    text += of(value, directory);
    bool const names =
        value.is_string() && scenario.is_object() && (key == "file" || key == "template" || key == "profile");
    if (!names) continue;
    fs::path const file = fs::absolute(directory / value.get<std::string>()).lexically_normal();
    std::error_code none;
    if (!fs::is_regular_file(file, none)) continue;
    text += of_file(file) + "\n";
    if (key == "profile") text += of(config::document::load(file).root(), file.parent_path());
  }
  return text;
}

std::string const& file_digests::of_file(fs::path const& file) {
  auto const found = known_.find(file);
  return found != known_.end() ? found->second : known_.emplace(file, digest_of_file(file)).first->second;
}

}
