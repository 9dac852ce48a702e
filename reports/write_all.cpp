#include "reports/plot.hpp"
#include "reports/reports.hpp"

#include <fstream>
#include <stdexcept>

namespace reports {
namespace {

void write_file(std::filesystem::path const& file, std::string const& text) {
  std::filesystem::path const partial = file.string() + ".partial";
  {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    out << text << std::flush;
    if (!out) {
      std::error_code ignored;
      std::filesystem::remove(partial, ignored);
      throw std::runtime_error("cannot write " + file.string());
    }
  }
  std::filesystem::rename(partial, file);
}

}

std::vector<std::string> write_all(sim::measure::result const& r, std::filesystem::path const& directory) {
  std::filesystem::create_directories(directory);
  write_file(directory / "timeseries.csv", timeseries_csv(r));
  write_file(directory / "junit.xml", junit_xml(r));
  write_file(directory / "summary.txt", summary_text(r));
  std::vector<std::string> missing;
  std::filesystem::path const image = directory / "redirect-ratio.svg",
                              partial = directory / "redirect-ratio.svg.partial";
  std::error_code ignored;
  if (draw(r, partial)) {
    std::filesystem::rename(partial, image);
  } else {
    std::filesystem::remove(partial, ignored);
    std::filesystem::remove(image, ignored); // an older run's would mislead
    missing.emplace_back("redirect-ratio.svg was not drawn: gnuplot is not installed or failed");
  }
  write_file(directory / "summary.json", summary_json(r)); // last: where it is, all is
  return missing;
}

}
