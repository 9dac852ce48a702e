#include "reports/figure.hpp"

#include "base/os/write_file.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace reports {
namespace {

std::string replaced(std::string text, std::string_view what, std::string const& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

std::string head(figure const& f, std::string const& image) {
  bool const png = image.ends_with(".png");
  std::string const size = "size " + std::to_string(figure_width) + "," + std::to_string(f.height);
  return "set encoding utf8\nset terminal " + std::string(png ? "pngcairo " : "svg ") + size +
         " noenhanced font 'DejaVu Sans,12'" + (png ? " fontscale 0.8" : "") + // points, pixels
         " background rgb 'white'\nset output " + gnuplot_string(image) + "\n";
}

}

std::string gnuplot_string(std::string_view text) {
  std::string const line = one_line(text);
  if (!line.starts_with('\'') && line.find("''") == std::string::npos) return "'" + replaced(line, "'", "''") + "'";
  // gnuplot 5.4 does not read a doubled quote at the beginning, nor two of them; so such text is in double quotes.
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    bool const quotes = line[at] == '\'';
    std::size_t const end = quotes ? line.find_first_not_of('\'', at) : line.find('\'', at);
    std::string const mark = quotes ? "\"" : "'";
    out += (out.empty() ? "" : ".") + mark + line.substr(at, end - at) + mark;
    at = std::min(end, line.size());
  }
  return out;
}

std::string tic_label(std::string_view text) { return gnuplot_string(replaced(std::string(text), "%", "%%")); }

std::string line_style(std::size_t number) {
  return "lc rgb '" + std::string(colours[number % colours.size()]) + "' pt " +
         std::to_string(points[number % points.size()]) + " dt " + std::to_string(1 + number % 5);
}

std::string data_number(double value) {
  if (!std::isfinite(value)) return "NaN";
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string data_string(std::string_view text) { return '"' + replaced(one_line(text), "\"", "'") + '"'; }

std::string shortened(std::string_view text, std::size_t most) {
  std::string const line = one_line(text);
  auto const begins_character = [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; };
  auto const characters = static_cast<std::size_t>(std::count_if(line.begin(), line.end(), begins_character));
  if (characters <= most) return line;
  std::size_t end = 0;
  for (std::size_t kept = 0; end < line.size(); ++end)
    if (begins_character(line[end]) && ++kept == most) break;
  return line.substr(0, end) + "…";
}

void extent::add(double value) {
  if (!std::isfinite(value)) return;
  low = std::min(low, value);
  high = std::max(high, value);
}

std::string range_commands(char axis, extent const& e, bool from_zero) {
  if (e.empty()) return "";
  std::string const set = std::string("set ") + axis + "range [";
  double const low = from_zero ? std::min(0.0, e.low) : e.low, high = from_zero ? std::max(0.0, e.high) : e.high;
  if (low < high) return from_zero ? set + (low < 0 ? "*" : "0") + ":*]\n" : "";
  double const room = low == 0 ? 1 : std::abs(low) / 2;
  return set + data_number(from_zero ? low : low - room) + ":" + data_number(high + room) + "]\n";
}

namespace {

/// How uneven the gaps between neighbours are: their standard deviation by their mean, squared.
template<class Scale>
double unevenness(std::set<double> const& places, Scale const& scale) {
  double sum = 0, squares = 0, count = 0, before = scale(*places.begin());
  for (auto at = std::next(places.begin()); at != places.end(); ++at, ++count) {
    double const here = scale(*at), gap = here - before;
    sum += gap, squares += gap * gap, before = here;
  }
  return count * squares / (sum * sum) - 1;
}

}

std::string axis_commands(char axis, std::set<double> const& places) {
  if (places.size() < 2) return "";
  std::string const name(1, axis);
  double const low = *places.begin(), high = *places.rbegin();
  bool const whole = std::all_of(places.begin(), places.end(), [](double v) { return v == std::nearbyint(v); }),
             log = places.size() > 2 && low > 0 &&
                   unevenness(places, [](double v) { return std::log(v); }) < unevenness(
                                                                                  places, [](double v) { return v; });
  std::string text = log ? "set logscale " + name + "\n" : "";
  if (log && places.size() <= 12) { // few enough to have a tic each
    for (double const v : places) text += (v == low ? "set " + name + "tics (" : ", ") + data_number(v);
    return text + ")\n";
  }
  if (!log && whole && high - low <= 12) text += "set " + name + "tics 1\n";
  return text;
}

std::string_view how(std::string_view engine) { return engine == "virtual" ? "simulated" : "measured"; }

std::string key_commands(std::size_t longest) {
  // gnuplot guesses the width of text; a character is about 7 pixels, a sample and what is around it 75.
  std::size_t const columns = std::clamp<std::size_t>(700 / (7 * longest + 75), 1, 5);
  return "set key outside bottom center horizontal samplen 3 maxcols " + std::to_string(columns) + "\n";
}

std::string frame_commands(frame const& f) {
  return "set title " + gnuplot_string(shortened(f.title, 90)) +
         " offset 0,0.6 font ',14'\nset tmargin 4.5\nset label " + gnuplot_string(shortened(f.caption, 130)) +
         " at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'\nset xlabel " +
         gnuplot_string(shortened(f.x_label, 90)) + "\nset ylabel " + gnuplot_string(shortened(f.y_label, 50)) +
         "\nset grid ytics lt 1 lc rgb '#DDDDDD'\nset tics out nomirror\nset border 3\n"
         "set rmargin 4\nset bmargin 7\n" +
         key_commands(12) + footer_commands(f.footer);
}

std::string footer_commands(std::string const& text) {
  if (text.empty()) return "";
  return "set label " + gnuplot_string(shortened(text, 170)) +
         " at screen 0.99,0.015 right font ',7' tc rgb '#777777'\n";
}

std::string self_contained_script(figure const& f, std::string const& image) {
  return "$data << END_OF_DATA\n" + f.data + "END_OF_DATA\n" + head(f, image) +
         replaced(f.commands, data_mark, "$data") + "unset output\n";
}

std::string script_with_file(figure const& f, std::string const& image, std::string const& data_file) {
  return "# Draws " + one_line(image) + ": run `gnuplot` on this file in its folder.\n" + head(f, image) +
         replaced(f.commands, data_mark, gnuplot_string(data_file)) + "unset output\n";
}

bool have_gnuplot() {
  char const* const path = std::getenv("PATH");
  std::istringstream directories(path == nullptr ? "" : path);
  for (std::string directory; std::getline(directories, directory, ':');) {
    std::error_code error;
    if (std::filesystem::is_regular_file(std::filesystem::path(directory) / "gnuplot", error)) return true;
  }
  return false;
}

drawing_folder::drawing_folder(std::filesystem::path const& beside) {
  static std::atomic<unsigned> made{0};
  std::error_code ignored;
  path = beside / (".plot-" + std::to_string(::getpid()) + "-" + std::to_string(++made) + ".partial");
  std::filesystem::create_directories(path, ignored);
}

drawing_folder::~drawing_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

namespace {

/// Quoted for a shell.
std::string quoted(std::string const& text) { return "'" + replaced(text, "'", "'\\''") + "'"; }

/// What a command prints to stdout and stderr, and its status as from `wait`.
std::pair<std::string, int> output_of(std::string const& command) {
  std::FILE* const pipe = ::popen((command + " 2>&1").c_str(), "re");
  if (pipe == nullptr) return {std::generic_category().message(errno), -1};
  std::string text;
  std::array<char, 4096> block;
  for (std::size_t size = 0; (size = std::fread(block.data(), 1, block.size(), pipe)) > 0;)
    text.append(block.data(), size);
  return {std::move(text), ::pclose(pipe)};
}

/// gnuplot shows the line that it does not understand, with a mark below it, and the error at the end.
std::string words_of(std::string const& said) {
  std::istringstream lines(said);
  std::string words;
  for (std::string line; std::getline(lines, line);) {
    auto const begin = line.find_first_not_of(" \t\r\f^");
    if (begin == std::string::npos) continue;
    line = one_line(line.substr(begin));
    words += (words.empty() ? "" : "; ") + (line.size() > 200 ? valid_utf8(line.substr(0, 200)) + "..." : line);
  }
  return words;
}

/// A full disk cuts a picture short, which gnuplot does not notice.
bool is_whole(std::filesystem::path const& image) {
  std::ifstream in(image, std::ios::binary);
  std::string const text{std::istreambuf_iterator<char>(in), {}};
  return text.substr(text.size() - std::min<std::size_t>(text.size(), 32))
             .find(image.extension() == ".png" ? "IEND" : "</svg>") != std::string::npos;
}

}

std::string run_gnuplot(std::string const& script, std::filesystem::path const& directory, std::string const& image) {
  std::string const name = ".script";
  try {
    os::write_file(directory / name, script);
  } catch (std::runtime_error const& error) {
    return error.what();
  }
  auto const [said, status] = output_of("cd " + quoted(directory.string()) + " && exec gnuplot " + name);
  std::string const words = words_of(said);
  if (status != 0) {
    std::string const how = WIFSIGNALED(status) ? std::string("ended by ") + ::strsignal(WTERMSIG(status)) : "failed";
    return "gnuplot " + how + (words.empty() ? "" : ": " + words);
  }
  if (!is_whole(directory / image)) return "gnuplot left no whole picture" + (words.empty() ? "" : ": " + words);
  if (!words.empty()) std::cerr << "crest-sim: gnuplot: " << words << '\n';
  return "";
}

}
