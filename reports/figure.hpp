#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <string_view>

/// What all pictures share: each is a gnuplot script with data.
namespace reports {

/// What gnuplot draws. `commands` have `data_mark` in place of the data's name, which is that of a file, or of a data
/// block in the script itself. Text that users chose never contains the mark, since `gnuplot_string` removes it.
struct figure {
  std::string commands; // everything except terminal and output
  std::string data;     // blocks with two blank lines between, for gnuplot's `index`; starts with a comment
  int height = 480;     // pixels; all are 800 wide
};

inline constexpr std::string_view data_mark = "\x01";
inline constexpr int figure_width = 800;

/// Colours of Okabe and Ito ("Color Universal Design", 2008): distinguishable with all kinds of colour vision. Ordered
/// so that neighbours differ in greyscale too; dashes and points differ as well.
inline constexpr std::array<char const*, 6> colours = {"#0072B2", "#E69F00", "#009E73",
                                                       "#CC79A7", "#56B4E9", "#D55E00"};
inline constexpr std::array<int, 6> points = {7, 5, 9, 13, 11, 4};

/// Quoted as a gnuplot string. Enhanced text is off, so nothing in it is special.
std::string gnuplot_string(std::string_view text);

/// The same for the label of a tic, which gnuplot treats as a format.
std::string tic_label(std::string_view text);

/// "lc rgb '#0072B2' pt 7 dt 1" for the N-th line of a picture.
std::string line_style(std::size_t number);

/// The shortest text that reads back as the same number, or "NaN".
std::string data_number(double value);

/// Quoted as a string in a block of data: in double quotes, and without any inside.
std::string data_string(std::string_view text);

/// `text` with at most `most` characters; "…" replaces what is left out.
std::string shortened(std::string_view text, std::size_t most);

/// From the smallest to the largest of the numbers on an axis; ignores values that are not numbers.
struct extent {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();

  void add(double value);
  bool empty() const { return low > high; }
  /// Whether a log scale can show all of them, and better than a linear one: all are above 0, and they span `factor`.
  bool spans(double factor) const { return low > 0 && high >= factor * low; }
};

/// "set xrange […]" where gnuplot's own choice would show nothing: one value on the axis, or zeros only. Else empty.
/// `from_zero`: the axis begins at 0, or below where there are numbers below.
std::string range_commands(char axis, extent const& e, bool from_zero);

/// Scale and tics that fit the places where points are: a log scale where they are closer to evenly spaced on that than
/// on a linear one, tics at whole numbers alone where all are. Empty where gnuplot's own choice is right.
std::string axis_commands(char axis, std::set<double> const& places);

/// "simulated" or "measured".
std::string_view how(std::string_view engine);

/// Title, a grey caption below it, axes, grid and room for a key below.
struct frame {
  std::string title, caption, x_label, y_label;
  std::string footer = {}; // small, below everything: what drew it, what it leaves out
};
std::string frame_commands(frame const& f);

/// The footer alone, for pictures without a frame.
std::string footer_commands(std::string const& text);

/// A key below the picture with room for titles of `longest` characters.
std::string key_commands(std::size_t longest);

/// The complete script, which writes `image`: SVG, or PNG if the name ends in that. The data is in it, or in
/// `data_file`.
std::string self_contained_script(figure const& f, std::string const& image);
std::string script_with_file(figure const& f, std::string const& image, std::string const& data_file);

bool have_gnuplot();

/// A temporary folder in which a picture is made, beside its destination; not created if that cannot be written to.
/// Removed at the end with everything in it.
struct drawing_folder {
  explicit drawing_folder(std::filesystem::path const& beside);
  ~drawing_folder();
  drawing_folder(drawing_folder const&) = delete;
  drawing_folder& operator=(drawing_folder const&) = delete;

  std::filesystem::path path;
};

/// Runs gnuplot on `script` in `directory`, which makes `image` there. Empty if that is a complete picture; else what
/// went wrong, with gnuplot's message if there is one. Messages of a run that succeeds are warnings, and go to stderr.
std::string run_gnuplot(std::string const& script, std::filesystem::path const& directory, std::string const& image);

}
