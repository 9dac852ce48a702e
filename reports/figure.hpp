#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>

/// Pictures are gnuplot scripts with data; what all of them share is here.
namespace reports {

/// What gnuplot draws. `commands` say `data_mark` where the data's name belongs: a file's, or that of a data block in
/// the script itself. No text that users chose contains the mark, since `gnuplot_string` removes it.
struct figure {
  std::string commands; // all but terminal and output
  std::string data;     // blocks with two blank lines between, for gnuplot's `index`; starts with a comment
  int height = 480;     // pixels; all are 800 wide
};

inline constexpr std::string_view data_mark = "\x01";
inline constexpr int figure_width = 800;

/// Colours of Okabe and Ito ("Color Universal Design", 2008): told apart by all kinds of colour vision. Ordered so that
/// neighbours differ in greyscale too; dashes and points differ as well.
inline constexpr std::array<char const*, 6> colours = {"#0072B2", "#E69F00", "#009E73",
                                                       "#CC79A7", "#56B4E9", "#D55E00"};
inline constexpr std::array<int, 6> points = {7, 5, 9, 13, 11, 4};

/// As a gnuplot string. Enhanced text is off, so that nothing in it is special.
std::string gnuplot_string(std::string_view text);

/// The same for the label of a tic, which gnuplot takes for a format.
std::string tic_label(std::string_view text);

/// "lc rgb '#0072B2' pt 7 dt 1" for the N-th line of a picture.
std::string line_style(std::size_t number);

/// The shortest text that reads back as the same number; "NaN" for what is none.
std::string data_number(double value);

/// As a string in a block of data: in double quotes, of which it has none inside.
std::string data_string(std::string_view text);

/// `text` with at most `most` characters; "…" in the place of what is left out.
std::string shortened(std::string_view text, std::size_t most);

/// From the smallest to the largest of the numbers on an axis; what is no number is not on it.
struct extent {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();

  void add(double value);
  bool empty() const { return low > high; }
  /// Whether a log scale shows all of them, and more than a linear one: all are above 0 and they span `factor`.
  bool spans(double factor) const { return low > 0 && high >= factor * low; }
};

/// "set xrange […]" where gnuplot's own choice would show nothing: one value on the axis, or zeros only. Else empty.
/// `from_zero`: the axis begins at 0, or below where there are numbers below.
std::string range_commands(char axis, extent const& e, bool from_zero);

/// "simulated" or "measured".
std::string_view how(std::string_view engine);

/// Title, a grey caption below it, axes, grid and room for a key below.
struct frame {
  std::string title, caption, x_label, y_label;
};
std::string frame_commands(frame const& f);

/// A key below the picture that has room for titles of `longest` characters.
std::string key_commands(std::size_t longest);

/// The whole script, which writes `image`: SVG, or PNG where the name ends so. With the data in it, or in `data_file`.
std::string self_contained_script(figure const& f, std::string const& image);
std::string script_with_file(figure const& f, std::string const& image, std::string const& data_file);

bool have_gnuplot();

/// A folder in which a picture is made, beside where it will be; not made where that cannot be written into. Goes away
/// with all that is in it.
struct drawing_folder {
  explicit drawing_folder(std::filesystem::path const& beside);
  ~drawing_folder();
  drawing_folder(drawing_folder const&) = delete;
  drawing_folder& operator=(drawing_folder const&) = delete;

  std::filesystem::path path;
};

/// Runs gnuplot on `script` in `directory`, which makes `image` there. Empty when that is a whole picture; else what
/// went wrong, in gnuplot's words where it had any. What it says although it draws is a warning, and goes to stderr.
std::string run_gnuplot(std::string const& script, std::filesystem::path const& directory, std::string const& image);

}
