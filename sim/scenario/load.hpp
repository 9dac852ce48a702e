#pragma once

#include "base/config/document.hpp"
#include "base/config/faults.hpp"
#include "sim/scenario/scenario.hpp"

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sim::scenario {

/// Reads FILE, applies the overrides (`PATH=VALUE`, as `--set` takes them, in order), fills in every default and checks
/// every reference. Throws `config::bad_input`: one line with file, line, path, what was found and what is allowed.
scenario load_file(std::filesystem::path const& file, std::vector<std::string> const& overrides = {});

/// The same from text; `file` stands for it in messages, and relative paths start from its directory.
scenario load_text(std::string_view text, std::filesystem::path const& file,
                   std::vector<std::string> const& overrides = {});

/// The same from a document with its overrides applied (a point of a sweep).
scenario load_document(config::document const& document, std::filesystem::path const& file);

/// The same for somebody who wants to know all that is wrong: nothing is thrown, and there is a scenario only if no
/// line was added to `found`. What depends on a part that is wrong is not looked at.
std::optional<scenario> read_document(config::document const& document, std::filesystem::path const& file,
                                      config::faults& found);

/// What must hold of runs of `s`, as it stands below `at` ("/plan/goals") of a document that was checked against the
/// schema. What cannot be read is a line of `found`.
std::vector<threshold> thresholds_at(config::document const& document, nlohmann::json::json_pointer const& at,
                                     scenario const& s, config::faults& found);

/// What somebody asks for while a run of `s` goes on, as the scenario's events have it: {"kill": "proxy[1]"}. Adding
/// balancers is not among it. `running`: nodes whose processes run. Its name ends in ", by hand", and is unlike those
/// in `taken`, to which it is added. Throws `config::bad_input`, without a file.
event event_by_hand(std::string_view text, scenario const& s, std::set<std::string> const& running,
                    std::set<std::string>& taken);

/// What events may do to the nodes that `s` has from its start.
struct event_target {
  std::string node;
  bool can_reload = false;
};
/// Those that may be killed and restarted, balancers first.
std::vector<event_target> event_targets(scenario const& s);

/// The JSON Schema of scenario files, embedded.
extern std::string_view const scenario_schema;

/// The same, parsed.
nlohmann::json const& schema();

}
