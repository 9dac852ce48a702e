#include "base/command_line/parse.hpp"
#include "base/config/document.hpp"
#include "base/config/version.hpp"
#include "base/os/open_files.hpp"
#include "base/os/standard_output.hpp"
#include "fakeproxy/net/process.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>
#include <memory>
#include <utility>

namespace {

/// What can be set without a configuration file.
struct flags {
  std::string config;
  std::vector<std::string> sets;
  std::string role;
  std::string listen = "127.0.0.1:0";
  std::string eve_listen;
  std::string admin;
  std::vector<std::string> sols;
  std::string token_key = "00112233445566778899aabbccddeeff";
  std::string journal_directory;
  unsigned index = 0;
  unsigned servers = 0;
  double service_mean_ms = 0;
  double rpc_delay_ms = 0;
  double lease_ms = 3000;
  std::uint64_t seed = 1;
  bool check = false;
};

/// The flags as an equivalent configuration file.
nlohmann::json as_document(flags const& f) {
  nlohmann::json node = {{"role", f.role}, {"index", f.index}, {"listen", f.listen}};
  if (!f.eve_listen.empty()) node["eve_listen"] = f.eve_listen;
  nlohmann::json sols = f.sols;
  if (f.role == "sol" && f.sols.empty()) sols = {f.listen};
  nlohmann::json document = {
      {"token_key", f.token_key},
      {"seed", f.seed},
      {"lease_ms", f.lease_ms},
      {"sols", sols},
      {"nodes", nlohmann::json::array({node})},
      {"proxy", {{"servers", f.servers}, {"service_time", {{"exponential", {{"mean_ms", f.service_mean_ms}}}}}}},
      {"sol", {{"rpc_delay_ms", f.rpc_delay_ms}}}};
  if (!f.admin.empty()) document["admin"] = f.admin;
  if (!f.journal_directory.empty()) document["journal_directory"] = f.journal_directory;
  return document;
}

void add_flags(CLI::App& app, flags& f) {
  auto* const config =
      app.add_option("--config", f.config, "configuration file (JSON with comments)")->type_name("FILE");
  app.add_option("--set", f.sets, "override one value of the configuration: PATH=VALUE")->needs(config);
  auto* const role = app.add_option("--role", f.role, "what this node is")->check(CLI::IsMember({"proxy", "sol"}));
  role->excludes(config);
  auto const by_hand = [&](CLI::Option* option) { option->needs(role); };
  by_hand(app.add_option("--listen", f.listen, "HOST:PORT; proxy: HTTP, sol: RPC")->capture_default_str());
  by_hand(app.add_option("--eve-listen", f.eve_listen, "HOST:PORT for EVE clients"));
  by_hand(app.add_option("--sol", f.sols, "HOST:PORT of each sol, in order of their index"));
  by_hand(app.add_option("--index", f.index, "number of the node")->capture_default_str());
  by_hand(app.add_option("--admin", f.admin, "HOST:PORT of the admin endpoint"));
  by_hand(app.add_option("--token-key", f.token_key, "32 hexadecimal digits")->capture_default_str());
  by_hand(app.add_option("--journal-directory", f.journal_directory, "where to write the journal")->type_name("DIR"));
  by_hand(app.add_option("--lease-ms", f.lease_ms, "lease of a proxy")->capture_default_str());
  by_hand(app.add_option("--servers", f.servers, "requests in service at a time; 0: no limit")->capture_default_str());
  by_hand(app.add_option("--service-mean-ms", f.service_mean_ms, "mean of the exponential service time")
              ->capture_default_str());
  by_hand(app.add_option("--rpc-delay-ms", f.rpc_delay_ms, "delay of a sol's answers")->capture_default_str());
  by_hand(app.add_option("--seed", f.seed, "seed of all draws")->capture_default_str());
  app.add_flag("-t,--check", f.check, "check the configuration and exit");
}

config::document read_document(flags const& f) {
  if (f.config.empty()) return config::document::parse(as_document(f).dump(), "the command line");
  auto document = config::document::load(f.config);
  for (std::string const& one : f.sets) document.set(one);
  return document;
}

}

int main(int argc, char** argv) {
  CLI::App app("Simulated EVE proxies and sols: the cluster that a balancer routes to.", "crest-fakeproxy");
  app.set_version_flag("--version", "crest-fakeproxy " + std::string(config::version));
  flags f;
  add_flags(app, f);
  if (auto const code = command_line::parse(app, argc, argv)) return *code;
  if (f.config.empty() && f.role.empty()) {
    std::cerr << "crest-fakeproxy: say --config FILE, or --role proxy|sol (see --help)\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  os::raise_open_files();
  std::unique_ptr<fakeproxy::net::process> process;
  try {
    auto settings = fakeproxy::net::read_settings(read_document(f));
    if (f.check) {
      os::print_line("configuration is valid: " + std::to_string(settings.nodes.size()) + " nodes");
      return 0;
    }
    process = std::make_unique<fakeproxy::net::process>(std::move(settings));
  } catch (config::bad_input const& bad) {
    std::cerr << "crest-fakeproxy: " << bad.what() << '\n';
    return 2;
  } catch (std::exception const& failed) {
    std::cerr << "crest-fakeproxy: cannot run: " << failed.what() << '\n';
    return 1;
  }
  try {
    process->run();
  } catch (std::exception const& failed) {
    std::cerr << "crest-fakeproxy: " << failed.what() << '\n';
    return 1;
  }
  return 0;
}
