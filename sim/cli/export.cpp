// The command export: the balancers of a scenario, or of a plan's answer, as a configuration of nginx or HAProxy.
#include "base/config/template_text.hpp"
#include "base/config/words.hpp"
#include "base/os/write_file.hpp"
#include "sim/authoring/tier.hpp"
#include "sim/cli/command.hpp"
#include "sim/engines/live/balancer_place.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/load.hpp"

#include <CLI/Validators.hpp>

#include <filesystem>
#include <iostream>
#include <memory>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct export_choice {
  std::string program;
  scenario_choice what;
  std::size_t group = 0;
  std::vector<std::string> upstreams;
  std::string listen = "0.0.0.0:80", out;
};

/// Where it is usual to keep what TLS needs; the file is to be changed where it is not.
constexpr char const* certificate = "/etc/ssl/crest/certificate.pem";
constexpr char const* key = "/etc/ssl/crest/key.pem";
constexpr char const* bundle = "/etc/ssl/crest/bundle.pem";

bool is_plan(json const& root) { return root.is_object() && root.contains("answer") && root.contains("binding"); }

/// The scenario of a plan with the values of its answer, as far as balancers depend on it.
config::document answer_of(json const& plan, fs::path const& file, std::vector<std::string> const& overrides) {
  if (plan["answer"].is_null())
    throw config::bad_input(file.string() + ": answer: found a plan without one; allowed: one that has met its goals");
  fs::path const beside = file.parent_path() / "summary.json";
  json const summary = config::document::load(beside).root();
  json::json_pointer const at("/provenance/scenario");
  if (!summary.contains(at) || !summary[at].is_object())
    throw config::bad_input(beside.string() + ": provenance.scenario: found none; allowed: the directory of a plan");
  json const& planned = summary[at];
  // What else the scenario names (logs, profiles) may be elsewhere, and is not asked for.
  json scenario = {{"name", planned["name"]}, {"topology", planned["topology"]}, {"load", {{"kind", "closed"}}}};
  scenario["topology"]["proxies"] = {{"count", planned["topology"]["proxies"]["count"]}};
  if (planned["load"].contains("tls")) scenario["load"]["tls"] = planned["load"]["tls"];
  if (json::json_pointer const bytes("/population/token_bytes"); planned.contains(bytes))
    scenario[bytes] = planned[bytes];
  config::document document = config::document::parse(scenario.dump(), beside.string());
  for (auto const& [path, value] : plan["answer"]["values"].items())
    if (path.starts_with("topology.balancers") || path == "topology.proxies.count" || path == "load.tls")
      document.set(path, value, 0);
  for (std::string const& assignment : overrides) document.set(assignment);
  return document;
}

scenario::scenario read(scenario_choice choice) {
  std::error_code none;
  if (fs::is_directory(choice.file, none)) choice.file = (fs::path(choice.file) / "plan.json").string();
  choice.check_file();
  json const root = config::document::load(choice.file).root();
  if (!is_plan(root)) return choice.load();
  return scenario::load_document(answer_of(root, choice.file, choice.all()), choice.file);
}

void check_address(std::string const& flag, std::string const& address, bool numbers_only) {
  std::size_t const colon = address.rfind(':');
  std::string const host = address.substr(0, colon), port = colon == std::string::npos ? "" : address.substr(colon + 1);
  bool good = !host.empty() && !port.empty() && port.size() <= 5 &&
              port.find_first_not_of("0123456789") == std::string::npos && std::stoi(port) > 0 &&
              std::stoi(port) <= 65535 && host.find_first_of(" \t\n;{}'\"$#") == std::string::npos;
  if (numbers_only) good = good && host.find_first_not_of("0123456789.") == std::string::npos;
  if (!good)
    throw config::bad_input(flag + ": found \"" + address + "\"; allowed: an address such as 10.0.0.1:26001" +
                            (numbers_only ? ", for nginx's Lua looks up no names" : ", or NAME:PORT"));
}

/// What production has in place of the placeholders.
std::string filled(std::string const& text, export_choice const& choice) {
  live::balancer_place place;
  place.listen = choice.listen, place.upstreams = choice.upstreams;
  config::template_values values;
  auto const fixed = [](std::string const& value) { return [value] { return value; }; };
  values.once = {{"listen", fixed(place.listen)},
                 {"modules", fixed("/usr/lib/nginx/modules")},
                 {"certificate", fixed(certificate)},
                 {"key", fixed(key)},
                 {"bundle", fixed(bundle)}};
  values.each = live::values_of_proxies(place);
  return config::fill(text, "the configuration", values).text;
}

void tell_limits(authoring::target program, authoring::tier const& t, export_choice const& choice) {
  for (std::string const& limit : limits_of(program, t)) std::cerr << "    " << limit << '\n';
  if (choice.upstreams.empty()) return;
  if (choice.upstreams.size() != t.proxies)
    std::cerr << "    The scenario has " << t.proxies << " proxies, --upstream names " << choice.upstreams.size()
              << ".\n";
  if (t.tls) std::cerr << "    Put certificate and key where the file says, or change it.\n";
}

int export_tier(export_choice const& choice) {
  authoring::target const program = *config::value_of<authoring::target>(choice.program);
  authoring::tier const t = authoring::tier_of(read(choice.what), choice.group);
  bool const lab = choice.upstreams.empty();
  bool const lua = program == authoring::target::nginx && t.map_bytes;
  for (std::string const& address : choice.upstreams) check_address("--upstream", address, lua);
  check_address("--listen", choice.listen, false);
  std::string text = configuration_of(program, t, lab ? authoring::use::lab : authoring::use::production);
  if (!lab) text = filled(text, choice);
  if (choice.out.empty()) {
    std::cout << text << std::flush;
    tell_limits(program, t, choice);
    return records::exit_passed;
  }
  fs::path const file = fs::path(choice.out) / (program == authoring::target::nginx ? "nginx.conf" : "haproxy.cfg");
  os::write_file(file, text);
  std::cout << "wrote " << file.string() << std::endl;
  tell_limits(program, t, choice);
  return records::exit_passed;
}

}

void add_export(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<export_choice>();
  CLI::App& command = *app.add_subcommand(
      "export", "the balancers of a scenario, or of a plan's answer, as a configuration of nginx or HAProxy");
  auto const programs = config::words_of<authoring::target>();
  command.add_option("PROGRAM", choice->program, "whose configuration")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(programs.begin(), programs.end())));
  add_scenario(command, choice->what);
  command.get_option("FILE")->description("scenario, or a shipped one's name, or a plan's directory (its --out)");
  command.add_option("--group", choice->group, "which group of balancers, from 0")
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--upstream", choice->upstreams,
                  "a proxy; may be repeated. Without any: a template of the lab, with placeholders")
      ->type_name("HOST:PORT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--listen", choice->listen, "where it listens, with --upstream")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command.add_option("--out", choice->out, "directory for nginx.conf or haproxy.cfg; else it is printed")
      ->type_name("DIR");
  command.callback([choice, &chosen] { chosen = [choice] { return export_tier(*choice); }; });
}

}
