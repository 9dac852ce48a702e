#include "sim/studies/sweep/merge.hpp"

#include "base/config/joined.hpp"
#include "base/os/write_file.hpp"
#include "sim/studies/sweep/manifest.hpp"
#include "sim/studies/sweep/table.hpp"

#include <fstream>
#include <iterator>
#include <optional>

namespace sim::sweep {
namespace {

namespace fs = std::filesystem;
using config::bad_input;

constexpr std::size_t max_named = 10;

std::string in_words(std::vector<std::string> const& axes) { return axes.empty() ? "none" : config::joined(axes); }

/// What differs, for people: "the engine live instead of virtual".
std::string difference(manifest const& a, manifest const& b) {
  if (a.scenario != b.scenario) return "the scenario '" + b.scenario + "' instead of '" + a.scenario + "'";
  if (a.engine != b.engine) return "the engine " + b.engine + " instead of " + a.engine;
  if (a.version != b.version) return "crest-sim " + b.version + " instead of " + a.version;
  if (a.replications != b.replications)
    return std::to_string(b.replications) + " replications instead of " + std::to_string(a.replications);
  if (a.axes != b.axes) return "the axes " + in_words(b.axes) + " instead of " + in_words(a.axes);
  if (a.trials.size() != b.trials.size())
    return std::to_string(b.trials.size()) + " trials instead of " + std::to_string(a.trials.size());
  for (std::size_t i = 0; i < a.trials.size(); ++i) {
    if (a.trials[i].values != b.trials[i].values)
      return describe(b, b.trials[i]) + " instead of " + describe(a, a.trials[i]);
    if (a.trials[i].fingerprint != b.trials[i].fingerprint)
      return "another scenario at " + describe(b, b.trials[i]) + ": a value, the seed, or a file that it names";
  }
  return "another file name, " + b.file + " instead of " + a.file;
}

manifest common_manifest(std::vector<fs::path> const& directories) {
  manifest const first = read_manifest(directories.front());
  std::string const text = manifest_text(first);
  for (fs::path const& directory : directories) {
    manifest const other = read_manifest(directory);
    if (manifest_text(other) == text) continue;
    throw bad_input(directory.string() + ": found another sweep than in " + directories.front().string() + ": " +
                    difference(first, other) + "; allowed: shards of one sweep");
  }
  return first;
}

std::optional<std::string> text_of(fs::path const& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// The file of a trial's result in the first directory that has it; empty if none does.
fs::path find_result(std::vector<fs::path> const& directories, manifest const& m, manifest_trial const& t) {
  fs::path result;
  for (fs::path const& directory : directories) {
    if (!store(directory).find(t.fingerprint)) continue;
    fs::path const file = directory / "points" / (t.fingerprint + ".json");
    if (!result.empty() && text_of(result) != text_of(file)) {
      throw bad_input(file.string() + ": found another result of " + describe(m, t) + " than in " + result.string() +
                      "; allowed: one result of each");
    }
    if (result.empty()) result = file;
  }
  return result;
}

bad_input missing_error(manifest const& m, std::vector<std::size_t> const& missing) {
  std::string text = "merge: found no result of " + std::to_string(missing.size()) + " of " +
                     std::to_string(m.trials.size()) + " trials: ";
  for (std::size_t i = 0; i < missing.size() && i < max_named; ++i)
    text += (i == 0 ? "" : ", ") + describe(m, m.trials[missing[i]]);
  if (missing.size() > max_named) text += ", ...";
  return bad_input(text + "; allowed: directories that together have all; run the missing shards again");
}

}

merged merge(std::vector<fs::path> const& directories, fs::path const& out) {
  manifest const m = common_manifest(directories);
  std::vector<fs::path> files;
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < m.trials.size(); ++i) {
    files.push_back(find_result(directories, m, m.trials[i]));
    if (files.back().empty()) missing.push_back(i);
  }
  if (!missing.empty()) throw missing_error(m, missing);
  for (std::size_t i = 0; i < files.size(); ++i)
    os::write_file(out / "points" / (m.trials[i].fingerprint + ".json"), text_of(files[i]).value_or(""));
  os::write_file(out / "sweep.json", manifest_text(m));
  return {m, write_table(m, store(out)).value()}; // all are there
}

}
