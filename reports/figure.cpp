#include "reports/figure.hpp"

#include "reports/wording.hpp"

#include <gnuplot-iostream.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <unistd.h>

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
  std::string out = "'";
  for (char const c : one_line(text)) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
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

std::string_view how(std::string_view engine) { return engine == "virtual" ? "simulated" : "measured"; }

std::string key_commands(std::size_t longest) {
  // gnuplot guesses the width of text; a character is about 7 pixels, a sample and what is around it 75.
  std::size_t const columns = std::clamp<std::size_t>(700 / (7 * longest + 75), 1, 5);
  return "set key outside bottom center horizontal samplen 3 maxcols " + std::to_string(columns) + "\n";
}

std::string frame_commands(frame const& f) {
  return "set title " + gnuplot_string(f.title) + " offset 0,0.6 font ',14'\nset tmargin 4.5\nset label " +
         gnuplot_string(f.caption) + " at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'\nset xlabel " +
         gnuplot_string(f.x_label) + "\nset ylabel " + gnuplot_string(f.y_label) +
         "\nset grid ytics lt 1 lc rgb '#DDDDDD'\nset tics out nomirror\nset border 3\n"
         "set rmargin 4\nset bmargin 7\n" +
         key_commands(12);
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

bool run_gnuplot(std::string const& script, std::filesystem::path const& directory) {
  // gnuplot-iostream keeps gnuplot's exit code to itself, and gnuplot reads on after an error: the last command leaves
  // a mark if there was none.
  std::filesystem::path const mark = directory / (".drawn-" + std::to_string(::getpid()));
  {
    Gnuplot gp("gnuplot");
    gp << "cd " << gnuplot_string(directory.string()) << "\n"
       << script << "\nif (GPVAL_ERRNO == 0) { set print " << gnuplot_string(mark.filename().string())
       << "; print 'drawn'; unset print }\n";
  }
  std::error_code error;
  return std::filesystem::remove(mark, error) && !error;
}

}
