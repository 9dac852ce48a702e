// crest-gateway: a balancer in front of stateful proxies. See docs/gateway.md.
#include "base/command_line/parse.hpp"
#include "base/config/document.hpp"
#include "base/config/version.hpp"
#include "base/config/words.hpp"
#include "base/os/open_files.hpp"
#include "base/os/standard_output.hpp"
#include "gateway/net/server.hpp"
#include "gateway/net/settings.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace {

constexpr int exit_could_not_run = 1, exit_bad_input = 2;

/// What the command line said; flags that were not given stay empty.
struct flags {
  std::string config;
  std::vector<std::string> listen, upstreams;
  std::vector<std::string> listen_tls, certificates, keys;
  std::string guess, token_map, token_map_file, admin, access_log, journal;
  std::string threads, seed, max_redirects;
  bool reuse_port = false, check = false;
};

nlohmann::json number_or_text(std::string const& text) {
  nlohmann::json const parsed = nlohmann::json::parse(text, nullptr, false);
  return parsed.is_number() ? parsed : nlohmann::json(text);
}

/// The configuration file, if any, overridden by the flags.
gateway::net::settings read(flags const& f) {
  config::document document =
      f.config.empty() ? config::document::parse("{}", "command line") : config::document::load(f.config);
  auto const set = [&document](char const* key, nlohmann::json const& value) {
    document.set(std::string(key) + "=" + value.dump());
  };
  if (!f.listen.empty() || !f.listen_tls.empty()) {
    nlohmann::json listeners = f.listen;
    for (std::string const& address : f.listen_tls) listeners.push_back({{"address", address}, {"tls", true}});
    set("listen", listeners);
  }
  if (f.reuse_port) set("reuse_port", true);
  if (f.certificates.size() != f.keys.size())
    throw config::bad_input("command line: found " + std::to_string(f.certificates.size()) + " --certificate and " +
                            std::to_string(f.keys.size()) + " --key; allowed: a key for each certificate");
  if (!f.certificates.empty()) {
    nlohmann::json pairs = nlohmann::json::array();
    for (std::size_t i = 0; i != f.keys.size(); ++i)
      pairs.push_back({{"certificate", f.certificates[i]}, {"key", f.keys[i]}});
    set("tls.certificates", pairs);
  }
  if (!f.upstreams.empty()) set("upstreams", f.upstreams);
  if (!f.guess.empty()) set("guess", f.guess);
  if (!f.token_map.empty()) set("token_map", f.token_map);
  if (!f.token_map_file.empty()) set("token_map_file", f.token_map_file);
  if (!f.admin.empty()) set("admin", f.admin);
  if (!f.access_log.empty()) set("access_log", f.access_log);
  if (!f.journal.empty()) set("journal", {{"file", f.journal}});
  if (!f.threads.empty()) set("threads", number_or_text(f.threads));
  if (!f.seed.empty()) set("seed", number_or_text(f.seed));
  if (!f.max_redirects.empty()) set("max_redirects", number_or_text(f.max_redirects));
  document.validate(nlohmann::json::parse(gateway::net::config_schema));
  return gateway::net::read_settings(document);
}

void print_ready(gateway::net::server const& server) {
  nlohmann::ordered_json ready{{"event", "ready"}, {"program", "crest-gateway"}, {"pid", ::getpid()}};
  ready["listen"] = nlohmann::json::array();
  for (auto const& where : server.listening()) ready["listen"].push_back(gateway::net::text_of(where));
  auto const admin = server.admin();
  if (auto const file = server.map_file()) {
    ready["restored"] = nullptr;
    if (file->restored) ready["restored"] = *file->restored;
  }
  ready["admin"] = admin ? nlohmann::ordered_json(gateway::net::text_of(*admin)) : nlohmann::ordered_json(nullptr);
  os::print_line(ready.dump());
}

int run(flags const& f) {
  std::signal(SIGPIPE, SIG_IGN);
  gateway::net::settings settings = read(f);
  if (f.check) {
    os::print_line("configuration is valid: " + std::to_string(settings.upstreams.size()) + " upstreams, " +
                   std::to_string(settings.threads) + " threads");
    return 0;
  }
  os::raise_open_files();
  std::signal(SIGXFSZ, SIG_IGN); // exceeding a file size limit is an error of that write
  gateway::net::server server(std::move(settings), [f] { return read(f); });
  print_ready(server);
  server.run();
  return 0;
}

}

int main(int argc, char** argv) {
  flags f;
  CLI::App app{"crest-gateway: a balancer that learns which proxy holds whose session", "crest-gateway"};
  app.set_version_flag("--version", "crest-gateway " + std::string(config::version));
  app.add_option("-c,--config", f.config, "configuration file: JSON with comments (gateway.schema.json)")
      ->type_name("FILE");
  app.add_option("--listen", f.listen, "HOST:PORT where clients connect, repeatable; port 0 picks one");
  app.add_option("--listen-tls", f.listen_tls, "the same with TLS; needs --certificate and --key");
  app.add_flag("--reuse-port", f.reuse_port, "other processes with this flag may listen there, too");
  app.add_option("--certificate", f.certificates, "PEM file of a certificate chain, repeatable; chosen by name (SNI)")
      ->type_name("FILE");
  app.add_option("--key", f.keys, "PEM file of its private key, in the order of the certificates")->type_name("FILE");
  app.add_option("--upstream", f.upstreams, "HOST:PORT of a proxy, repeatable");
  app.add_option("--guess", f.guess, config::listed_words<gateway::routing::guess_policy>(" | ") + "  [random]");
  app.add_option("--token-map", f.token_map, "bytes for the token map, such as 10m, or off  [10m]");
  app.add_option("--token-map-file", f.token_map_file, "file in which the token map outlives a restart")
      ->type_name("FILE");
  app.add_option("--threads", f.threads, "threads that serve  [1]");
  app.add_option("--admin", f.admin, "HOST:PORT for /metrics and /status");
  app.add_option("--access-log", f.access_log, "file for one JSON object a request")->type_name("FILE");
  app.add_option("--journal", f.journal, "file for CREST Lab's measurement records")->type_name("FILE");
  app.add_option("--max-redirects", f.max_redirects, "X-Accel answers followed for one request  [3]");
  app.add_option("--seed", f.seed, "seed of the guesses  [random]");
  app.add_flag("-t,--check", f.check, "check the configuration and exit, as nginx -t does");
  app.footer("Flags win over the file. SIGHUP reloads it and keeps the map, SIGTERM drains.\n"
             "Exit codes: 0 ended or valid, 1 could not run, 2 bad input.");
  if (auto const code = command_line::parse(app, argc, argv)) return *code;
  try {
    return run(f);
  } catch (config::bad_input const& error) {
    std::fprintf(stderr, "crest-gateway: %s\n", error.what());
    return exit_bad_input;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "crest-gateway: cannot run: %s\n", error.what());
    return exit_could_not_run;
  }
}
