#include "base/os/terminal.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace os {

std::optional<std::size_t> terminal_columns(int descriptor) {
  if (::isatty(descriptor) != 1) return std::nullopt;
  if (char const* const wanted = std::getenv("COLUMNS")) {
    std::string_view const text = wanted;
    std::size_t columns = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), columns);
    if (read.ec == std::errc{} && read.ptr == text.data() + text.size() && columns > 0) return columns;
  }
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

std::string fitted(std::string text, std::size_t columns) {
  if (columns < 2) return "";
  std::size_t const most = columns - 1; // in the last column, some terminals go on to the next line
  std::size_t column = 0, last_kept = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    bool const goes_on = (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u;
    if (goes_on) continue;
    if (column == most - 1) last_kept = at; // where "…" stands if the rest does not fit
    if (column == most) return text.substr(0, last_kept) + "…";
    ++column;
  }
  return text;
}

std::string fitted_to(int descriptor, std::string text) {
  auto const columns = terminal_columns(descriptor);
  return columns ? fitted(std::move(text), *columns) : text;
}

void show_in_place(std::string line) {
  std::fprintf(stderr, "\r%s\033[K", fitted_to(STDERR_FILENO, std::move(line)).c_str());
}

}
