#include "sim/studies/sweep/definition.hpp"

#include "base/config/version.hpp"
#include "base/config/words.hpp"
#include "sim/load/stream.hpp"
#include "sim/scenario/load.hpp"
#include "sim/studies/sweep/fingerprint.hpp"

#include <algorithm>
#include <string_view>

namespace sim::sweep {
namespace {

using config::bad_input;
using nlohmann::json;

/// An override that an axis overwrites would have no effect, which a reader would not expect.
void refuse_overrides_of_axes(definition const& d, std::vector<std::string> const& overrides) {
  for (std::string const& assignment : overrides) {
    std::string_view const set = std::string_view(assignment).substr(0, assignment.find('='));
    for (axis const& a : d.axes.axes) {
      bool const below = set.starts_with(a.path) &&
                         (set.size() == a.path.size() || set[a.path.size()] == '.' || set[a.path.size()] == '[');
      if (!below) continue;
      throw bad_input(d.file.string() + ":--set: " + std::string(set) + ": found an override of an axis (line " +
                      std::to_string(a.line) + "); allowed: values that no axis sets, or --set 'axes={...}'");
    }
  }
}

config::document document_of(definition const& d, trial const& t) {
  config::document document = d.base;
  for (std::size_t i = 0; i < d.axes.axes.size(); ++i)
    document.set(d.axes.axes[i].path, d.points[t.point_index][i].value, d.axes.axes[i].line);
  if (t.replication > 0) document.set("seed", t.seed, 0);
  return document;
}

/// The scenario of a point, for the first time.
scenario::scenario checked(definition const& d, trial const& t) {
  try {
    return scenario_of(d, t);
  } catch (bad_input const& error) {
    if (d.axes.axes.empty()) throw;
    throw bad_input(std::string(error.what()) + " (at point " + std::to_string(t.point_index) + ": " +
                    describe(d.paths(), shown_of(d.points[t.point_index])) + ")");
  }
}

void add_trials(definition& d, std::size_t index, file_digests& files) {
  scenario::scenario const s = checked(d, {index, 0, 0, ""});
  std::string const read = files.of(document_of(d, {index, 0, 0, ""}).root(), s.file.parent_path());
  for (std::uint32_t replication = 0; replication < d.replications; ++replication) {
    trial t{index, replication, replication_seed(s.seed, replication), ""};
    t.fingerprint = digest(std::string(config::version) + "\n" + d.engine + "\n" + resolved_text(d, t) + "\n" + read);
    d.trials.push_back(std::move(t));
  }
}

}

std::vector<std::string> definition::paths() const {
  std::vector<std::string> result;
  for (axis const& a : axes.axes) result.push_back(a.path);
  return result;
}

definition define(std::filesystem::path const& file, definition_settings const& settings) {
  definition d;
  d.file = file;
  d.engine = settings.engine;
  d.replications = settings.replications;
  d.base = config::document::load(file);
  for (std::string const& assignment : settings.overrides) d.base.set(assignment);
  refuse_stdin(d.base);
  d.name = scenario::load_document(d.base, file).name;
  json const& root = d.base.root();
  auto const combine = config::value_of<combination>(root.value("axes_combine", "grid"));
  if (!combine)
    throw d.base.error_at(json::json_pointer("/axes_combine"), "found " + root.at("axes_combine").dump() +
                                                                   "; allowed: " + config::listed_words<combination>());
  d.axes = read_axes(d.base, json::json_pointer("/axes"), *combine);
  refuse_overrides_of_axes(d, settings.overrides);
  d.points = expand(d.axes);
  if (d.points.size() * d.replications > max_points) {
    throw bad_input(file.string() + ": found " + std::to_string(d.points.size()) + " points of " +
                    std::to_string(d.replications) + " replications; allowed: at most " + std::to_string(max_points) +
                    " together");
  }
  file_digests files;
  for (std::size_t i = 0; i < d.points.size(); ++i) add_trials(d, i, files);
  return d;
}

scenario::scenario scenario_of(definition const& d, trial const& t) {
  return scenario::load_document(document_of(d, t), d.file);
}

std::string resolved_text(definition const& d, trial const& t) {
  config::document const document = document_of(d, t);
  json root = document.root();
  for (char const* key : {"$schema", "description", "axes", "axes_combine"}) root.erase(key);
  root["seed"] = root.value("seed", std::uint64_t{1}); // the trial's, even if it is the default
  return root.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::uint64_t replication_seed(std::uint64_t scenario_seed, std::uint32_t replication) {
  if (replication == 0) return scenario_seed;
  return load::mix(load::mix(scenario_seed) + replication) >> 11;
}

}
