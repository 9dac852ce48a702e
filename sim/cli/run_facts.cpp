#include "sim/cli/run_facts.hpp"

#include "base/config/version.hpp"
#include "sim/studies/sweep/fingerprint.hpp"

#include <nlohmann/json.hpp>

namespace sim::cli {

namespace fs = std::filesystem;

run_facts::run_facts()
  : processors_(os::processor_time_now()) {
  begun_.version = config::version, begun_.commit = config::commit;
  begun_.command = os::command_line();
  if (!begun_.command.empty()) begun_.command[0] = fs::path(begun_.command[0]).filename().string();
  begun_.started = os::wall_clock();
  begun_.host = os::host_name();
  begun_.cores = os::available_cores();
  begun_.load_average_before = os::load_average();
}

records::provenance run_facts::now() const {
  records::provenance p = begun_;
  p.ended = os::wall_clock();
  p.load_average_after = os::load_average();
  if (auto const after = os::processor_time_now(); processors_ && after)
    p.cpu_busy_during = os::busy_between(*processors_, *after);
  return p;
}

records::result asked(fs::path const& file, std::vector<std::string> const& overrides, std::string const& engine) {
  records::result r;
  r.scenario = file.stem().string(), r.file = file.filename().string(), r.engine = engine;
  r.provenance.emplace().overrides = overrides;
  return r;
}

void add_scenario_facts(records::result& about, config::document const& document, fs::path const& file) {
  records::provenance& p = about.provenance ? *about.provenance : about.provenance.emplace();
  nlohmann::json const& root = document.root();
  p.scenario = root.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  fs::path const directory = fs::absolute(file).lexically_normal().parent_path();
  p.scenario_digest = sweep::digest(p.scenario + "\n" + sweep::file_digests().of(root, directory));
  if (!root.is_object()) return;
  if (auto const name = root.find("name"); name != root.end() && name->is_string()) about.scenario = *name;
  if (auto const text = root.find("description"); text != root.end() && text->is_string()) about.description = *text;
  if (auto const seed = root.find("seed"); seed != root.end() && seed->is_number_unsigned()) about.seed = *seed;
}

}
