#include "sim/cli/command.hpp"
#include "sim/engines/live/single_url_load.hpp"
#include "sim/records/result.hpp"

#include <CLI/Validators.hpp>

#include <chrono>
#include <iostream>
#include <memory>

namespace sim::cli {
namespace {

struct load_choice {
  live::single_url_settings what;
  double seconds = 10;
};

int load(load_choice const& choice) {
  live::single_url_settings settings = choice.what;
  settings.duration = std::chrono::nanoseconds(static_cast<std::int64_t>(choice.seconds * 1e9));
  live::single_url_result const result = live::load_single_url(settings);
  std::cout << live::describe(result);
  return result.requests > 0 && result.failed == 0 ? records::exit_passed : records::exit_failed;
}

}

void add_load(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<load_choice>();
  CLI::App& command = *app.add_subcommand("load", "closed load on one URL, without a scenario");
  command.add_option("URL", choice->what.url, "http://IPV4:PORT/target, or https://")->required();
  command
      .add_option("--connections", choice->what.connections, "kept-alive connections, one request at a time on each")
      ->capture_default_str()
      ->check(CLI::Range(1u, 100000u));
  command
      .add_option("--requests-per-connection", choice->what.requests_per_connection,
                  "then the connection is closed; 0: no limit")
      ->capture_default_str();
  command.add_flag("!--no-resume", choice->what.resume, "https: a full handshake for each connection");
  command.add_option("--duration", choice->seconds, "seconds")->capture_default_str()->check(CLI::Range(0.01, 86400.0));
  command.callback([choice, &chosen] { chosen = [choice] { return load(*choice); }; });
}

}
