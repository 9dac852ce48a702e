#include "config/document.hpp"
#include "reports/plots/plots.hpp"
#include "reports/write_file.hpp"

#include <array>
#include <stdexcept>
#include <unistd.h>

namespace reports::plots {
namespace {

namespace fs = std::filesystem;

/// The folder in which a picture is made, beside where it will be. Goes away with all that is in it.
struct workshop {
  explicit workshop(fs::path const& beside)
    : path(beside / (".plot-" + std::to_string(::getpid()) + ".partial")) {
    fs::create_directories(path);
  }
  ~workshop() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  workshop(workshop const&) = delete;
  workshop& operator=(workshop const&) = delete;

  fs::path path;
};

/// An input must not be overwritten by data or script.
void check_names(order const& o, std::array<fs::path, 3> const& files) {
  for (fs::path const& input : o.results)
    for (fs::path const& file : files) {
      std::error_code none;
      if (fs::equivalent(input, file, none) && !none)
        throw config::bad_input("--out: " + file.string() + " would be written over the result that is drawn; " +
                                "allowed: another name");
    }
}

}

void draw(order const& o, fs::path const& image) {
  std::string const extension = image.extension().string();
  if (extension != ".svg" && extension != ".png")
    throw config::bad_input("--out: found '" + image.string() + "'; allowed: a name that ends in .svg or .png");
  fs::path const data = fs::path(image).replace_extension(".dat"),
                 script = fs::path(image).replace_extension(".gnuplot");
  check_names(o, {image, data, script});
  figure const f = figure_of(o);
  if (!have_gnuplot()) throw std::runtime_error("gnuplot is not installed");
  fs::path const folder = image.has_parent_path() ? image.parent_path() : fs::path(".");
  fs::create_directories(folder);
  workshop const made(folder);
  std::string const name = image.filename().string(), data_name = data.filename().string(),
                    script_name = script.filename().string();
  std::string const text = script_with_file(f, name, data_name);
  write_file(made.path / data_name, f.data);
  write_file(made.path / script_name, text);
  std::error_code error;
  if (!run_gnuplot(text, made.path) || fs::file_size(made.path / name, error) == 0 || error)
    throw std::runtime_error("gnuplot could not draw " + image.string());
  for (std::string const& file : {data_name, script_name, name}) fs::rename(made.path / file, folder / file);
}

}
