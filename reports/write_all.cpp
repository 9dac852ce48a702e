#include "base/os/write_file.hpp"
#include "reports/plot.hpp"
#include "reports/reports.hpp"

namespace reports {
namespace {

namespace fs = std::filesystem;

/// An incomplete report must not look like a complete one.
template<class Write>
auto all_or_none(fs::path const& directory, Write const& write) {
  try {
    return write();
  } catch (...) {
    std::error_code ignored;
    for (std::string const& name : report_files) fs::remove(directory / name, ignored);
    throw;
  }
}

}

std::vector<std::string> const report_files = {"summary.txt", "summary.json", "junit.xml", "timeseries.csv",
                                               "redirect-ratio.svg"};

std::vector<std::string> write_all(sim::records::result const& r, fs::path const& directory) {
  return all_or_none(directory, [&] {
    os::write_file(directory / "timeseries.csv", timeseries_csv(r));
    os::write_file(directory / "junit.xml", junit_xml(r));
    os::write_file(directory / "summary.txt", summary_text(r));
    std::vector<std::string> missing;
    if (auto const problem = draw(r, directory / "redirect-ratio.svg"); !problem.empty())
      missing.push_back("redirect-ratio.svg was not drawn: " + problem);
    os::write_file(directory / "summary.json", summary_json(r)); // last: if it exists, so do the others
    return missing;
  });
}

void write_failure(failure const& f, fs::path const& directory) {
  all_or_none(directory, [&] {
    os::write_file(directory / "junit.xml", junit_xml(f));
    os::write_file(directory / "summary.txt", summary_text(f));
  });
}

}
