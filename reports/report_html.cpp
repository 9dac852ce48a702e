#include "base/config/document.hpp"
#include "base/os/write_file.hpp"
#include "reports/csv.hpp"
#include "reports/html/page.hpp"
#include "reports/read_summary.hpp"
#include "reports/reports.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace reports {
namespace {

namespace fs = std::filesystem;
using html::part;
using html::subject;

/// Throws `config::bad_input`.
std::string read_text(fs::path const& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.is_open() || in.bad())
    throw config::bad_input(file.string() + ": cannot be read; allowed: a file that crest-sim wrote");
  return text;
}

/// A kind of result: the file that it is known by, and those that may lie beside it. Sweeps and plans have a
/// summary.json as well, so a directory is a run's if it is nothing else.
struct result_files {
  subject of;
  std::string_view main;
  std::span<std::string_view const> beside;
};

constexpr std::array<std::string_view, 1> beside_summary = {"timeseries.csv"}, beside_sweep = {"sweep.json"};
constexpr std::array<std::string_view, 2> beside_plan = {"candidates.csv", "tornado.csv"};
constexpr std::array<result_files, 5> kinds = {{{subject::sweep, "sweep.csv", beside_sweep},
                                                {subject::plan, "plan.json", beside_plan},
                                                {subject::limit, "limit.json", {}},
                                                {subject::comparison, "compare.json", {}},
                                                {subject::run, "summary.json", beside_summary}}};

std::string names() {
  std::string text;
  for (result_files const& k : kinds)
    text += (text.empty() ? "" : &k == &kinds.back() ? " or " : ", ") + std::string(k.main);
  return text;
}

/// Of a JSON file by what it has; none: a table.
std::optional<subject> subject_of(fs::path const& file) {
  if (file.extension() == ".csv") return subject::sweep;
  config::document const document = config::document::load(file);
  nlohmann::json const& root = document.root();
  if (!root.is_object()) return std::nullopt;
  if (root.contains("verdict") && root.contains("metrics")) return subject::run;
  if (root.contains("candidates") && root.contains("answer")) return subject::plan;
  if (root.contains("values") && root.contains("answer")) return subject::limit;
  if (root.contains("rows") && root.contains("new")) return subject::comparison;
  return std::nullopt;
}

/// The file of a result, and its kind.
std::pair<fs::path, result_files> find(fs::path const& at) {
  std::error_code none;
  if (fs::is_directory(at, none)) {
    for (result_files const& k : kinds)
      if (fs::exists(at / k.main, none)) return {at / k.main, k};
    throw config::bad_input(at.string() + ": found no result in it; allowed: a directory with " + names());
  }
  auto const of = subject_of(at);
  for (result_files const& k : kinds)
    if (of == k.of) return {at, k};
  throw config::bad_input(at.string() + ": found another file; allowed: " + names() + ", or a directory that has one");
}

/// Refuses what the page could not show.
void check(fs::path const& file, subject of) {
  switch (of) {
  case subject::run: { // with figures or without
    config::document const document = config::document::load(file);
    check_summary(document);
    if (document.root().contains("of"))
      throw config::bad_input(file.string() +
                              ": found the summary of many runs, which is no page by itself; allowed: " + names());
    return;
  }
  case subject::sweep: {
    csv_table const table = read_csv(file);
    for (char const* column : {"point", "replication", "verdict"}) static_cast<void>(table.column(column));
    return;
  }
  case subject::plan:
  case subject::limit:
  case subject::comparison: {
    config::document const document = config::document::load(file);
    if (document.root().value("schema_version", 0) != 1)
      throw config::bad_input(file.string() + ": schema_version: allowed: 1, which this crest-sim reads");
    return;
  }
  }
}

}

namespace {

std::vector<part> parts_of_page(sim::records::result const& r) {
  std::vector<part> parts = {{"summary.json", summary_json(r)}};
  if (!came_to_nothing(r)) parts.push_back({"timeseries.csv", timeseries_csv(r)});
  return parts;
}

}

std::string report_html(sim::records::result const& r) { return html::page(subject::run, parts_of_page(r)); }

std::string report_data(sim::records::result const& r) { return html::data(subject::run, parts_of_page(r)); }

std::string live_report_html(std::string const& about) { return html::live_page(about); }

std::string try_report_of(fs::path const& at) noexcept {
  try {
    write_report_of(at);
    return {};
  } catch (std::exception const& error) {
    return error.what();
  }
}

std::string timeseries_beside(fs::path const& summary) {
  std::error_code none;
  fs::path const file = (fs::is_directory(summary, none) ? summary : summary.parent_path()) / "timeseries.csv";
  return fs::exists(file, none) ? read_text(file) : "";
}

fs::path write_report_of(fs::path const& at, fs::path const& out) {
  auto const [file, kind] = find(at);
  check(file, kind.of);
  std::vector<part> parts = {{kind.main, read_text(file)}};
  std::error_code none;
  for (std::string_view const name : kind.beside)
    if (fs::path const beside = file.parent_path() / name; fs::exists(beside, none))
      parts.push_back({name, read_text(beside)});
  fs::path const to = out.empty() ? file.parent_path() / "report.html" : out;
  os::write_file(to, html::page(kind.of, parts));
  return to;
}

}
