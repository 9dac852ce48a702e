#include "base/config/document.hpp"
#include "base/os/write_file.hpp"
#include "reports/plots/plots.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace reports::plots {
namespace {

namespace fs = std::filesystem;

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

void check_image_name(fs::path const& image) {
  if (image.extension() != ".svg" && image.extension() != ".png")
    throw config::bad_input("--out: found '" + image.string() + "'; allowed: a name that ends in .svg or .png");
}

void draw(order const& o, fs::path const& image) {
  check_image_name(image);
  std::string const extension = image.extension().string();
  fs::path const data = fs::path(image).replace_extension(".dat"),
                 script = fs::path(image).replace_extension(".gnuplot");
  check_names(o, {image, data, script});
  figure const f = figure_of(o);
  if (!have_gnuplot()) throw std::runtime_error("gnuplot is not installed");
  fs::path const folder = image.has_parent_path() ? image.parent_path() : fs::path(".");
  std::error_code error;
  fs::create_directories(folder, error);
  drawing_folder const made(folder);
  // Drawn under plain names, since the final names may contain anything.
  std::string const plain = "picture" + extension, plain_data = "data";
  os::write_file(made.path / plain_data, f.data);
  if (auto const problem = run_gnuplot(script_with_file(f, plain, plain_data), made.path, plain); !problem.empty())
    throw std::runtime_error(image.string() + " was not drawn: " + problem);
  os::write_file(made.path / "script", script_with_file(f, image.filename().string(), data.filename().string()));
  for (auto const& [from, to] :
       {std::pair(plain_data, data), std::pair(std::string("script"), script), std::pair(plain, image)}) {
    fs::rename(made.path / from, to, error);
    if (error) throw std::runtime_error("cannot write " + to.string() + ": " + error.message());
  }
}

}
