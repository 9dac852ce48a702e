#include "reports/write_file.hpp"

#include <fstream>
#include <stdexcept>
#include <system_error>

namespace reports {

void write_file(std::filesystem::path const& file, std::string const& text) {
  std::filesystem::path const partial = file.string() + ".partial";
  std::error_code error;
  bool written = false;
  {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    out << text << std::flush;
    written = static_cast<bool>(out);
  }
  if (written) std::filesystem::rename(partial, file, error);
  if (written && !error) return;
  std::error_code ignored;
  std::filesystem::remove(partial, ignored);
  throw std::runtime_error("cannot write " + file.string());
}

}
