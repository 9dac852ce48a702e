#include "sim/studies/sweep/manifest.hpp"

#include "base/config/version.hpp"

#include <fstream>

namespace sim::sweep {
namespace {

using json = nlohmann::json;
using ordered = nlohmann::ordered_json;

constexpr int format = 1;

manifest manifest_from(json const& written) {
  manifest m;
  if (written.at("format").get<int>() != format) throw std::runtime_error("another format");
  m.scenario = written.at("scenario").get<std::string>();
  m.file = written.at("file").get<std::string>();
  m.engine = written.at("engine").get<std::string>();
  m.version = written.at("version").get<std::string>();
  m.replications = written.at("replications").get<std::uint32_t>();
  m.axes = written.at("axes").get<std::vector<std::string>>();
  for (json const& t : written.at("trials")) {
    m.trials.push_back({t.at("point").get<std::size_t>(), t.at("replication").get<std::uint32_t>(),
                        t.at("values").get<std::vector<json>>(), t.at("seed").get<std::uint64_t>(),
                        t.at("fingerprint").get<std::string>()});
    if (m.trials.back().values.size() != m.axes.size()) throw std::runtime_error("values for other axes");
  }
  return m;
}

}

manifest manifest_of(definition const& d) {
  manifest m{d.name, d.file.filename().string(), d.engine, std::string(config::version), d.replications, d.paths(), {}};
  for (trial const& t : d.trials)
    m.trials.push_back({t.point_index, t.replication, shown_of(d.points[t.point_index]), t.seed, t.fingerprint});
  return m;
}

std::string manifest_text(manifest const& m) {
  ordered head = {{"format", format},     {"scenario", m.scenario},         {"file", m.file}, {"engine", m.engine},
                  {"version", m.version}, {"replications", m.replications}, {"axes", m.axes}};
  std::string text = head.dump(-1, ' ', false, ordered::error_handler_t::replace);
  text.back() = ',';
  text += "\n\"trials\":[";
  for (std::size_t i = 0; i < m.trials.size(); ++i) {
    manifest_trial const& t = m.trials[i];
    ordered const row = {{"point", t.point_index},
                         {"replication", t.replication},
                         {"values", ordered(t.values)},
                         {"seed", t.seed},
                         {"fingerprint", t.fingerprint}};
    text += (i == 0 ? "\n" : ",\n") + row.dump(-1, ' ', false, ordered::error_handler_t::replace);
  }
  return text + "]}\n";
}

manifest read_manifest(std::filesystem::path const& directory) {
  std::filesystem::path const file = directory / "sweep.json";
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw config::bad_input(directory.string() + ": found no sweep.json; allowed: a directory that `crest-sim sweep " +
                            "--out` made");
  }
  try {
    return manifest_from(json::parse(in));
  } catch (std::exception const&) {
    throw config::bad_input(file.string() + ": found something else than the list of a sweep's points; allowed: the " +
                            "sweep.json that crest-sim " + std::string(config::version) + " writes");
  }
}

std::string describe(manifest const& m, manifest_trial const& t) {
  std::string const replication = m.replications > 1 ? ", replication " + std::to_string(t.replication) : "";
  return "point " + std::to_string(t.point_index) + " (" + describe(m.axes, t.values) + ")" + replication;
}

}
