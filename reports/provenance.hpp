#pragma once

#include "sim/records/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What ran, as each report shows it.
namespace reports {

/// As in summary.json.
nlohmann::ordered_json to_json(sim::records::provenance const& p);

/// Reads that back; keys that are missing leave the fields empty.
sim::records::provenance provenance_from(nlohmann::json const& written);

/// Names and values, in the order in which people read them, without what is not known: {"command", "crest-sim run …"},
/// {"version", …}, …. The resolved scenario is not among them, its digest is.
std::vector<std::pair<std::string, std::string>> facts_of(sim::records::provenance const& p);

/// "0.1.0 (1a2b3c4d5e6f)", without a commit that is not known.
std::string version_of(sim::records::provenance const& p);

/// For a picture's caption: "crest-sim 0.1.0 (1a2b3c4d5e6f)"; empty if not known.
std::string build_of(sim::records::provenance const& p);

/// The same, and which scenario: "…, scenario 9f86d081884c7d65". Of what was measured also where and when: ", on HOST,
/// 8 cores, 2026-11-29T07:50:07Z". What was simulated is the same on every machine.
std::string origin_of(sim::records::provenance const& p, std::string_view engine);

/// Words as a shell takes them: those with other characters than letters, digits and @%_+=:,./- are quoted.
std::string command_text(std::vector<std::string> const& words);

}
