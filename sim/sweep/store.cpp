#include "sim/sweep/store.hpp"

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace sim::sweep {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;
using ordered = nlohmann::ordered_json;

/// A name that no other thread or process of this machine writes to.
fs::path partial_of(fs::path const& file) {
  static std::atomic<unsigned> written{0};
  return file.string() + ".partial-" + std::to_string(::getpid()) + "-" + std::to_string(++written);
}

}

std::filesystem::path store::file_of(std::string const& fingerprint) const {
  return directory_ / "points" / (fingerprint + ".json");
}

std::optional<evaluation> store::find(std::string const& fingerprint) const {
  std::ifstream in(file_of(fingerprint), std::ios::binary);
  if (!in) return std::nullopt;
  try {
    json const written = json::parse(in);
    if (written.at("fingerprint").get<std::string>() != fingerprint) return std::nullopt;
    return evaluation_from(written.at("evaluation"));
  } catch (json::exception const&) {
    return std::nullopt;
  }
}

void store::keep(std::string const& fingerprint, std::string const& scenario, evaluation const& e) const {
  ordered const written = {
      {"fingerprint", fingerprint}, {"scenario", ordered::parse(scenario)}, {"evaluation", to_json(e)}};
  write_atomically(file_of(fingerprint), written.dump(-1, ' ', false, ordered::error_handler_t::replace) + "\n");
}

void write_atomically(fs::path const& file, std::string const& text) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  fs::path const partial = partial_of(file);
  {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    out << text << std::flush;
    if (!out) {
      fs::remove(partial, error);
      throw std::runtime_error("cannot write " + file.string());
    }
  }
  fs::rename(partial, file, error);
  if (error) {
    std::string const why = error.message();
    fs::remove(partial, error);
    throw std::runtime_error("cannot write " + file.string() + ": " + why);
  }
}

}
