#include "reports/plot.hpp"
#include "reports/reports.hpp"
#include "reports/write_file.hpp"

namespace reports {

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
