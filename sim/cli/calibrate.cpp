#include "base/config/version.hpp"
#include "base/os/write_file.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/engines/live/process.hpp"
#include "sim/engines/live/run.hpp"
#include "sim/records/result.hpp"
#include "sim/studies/calibrate/profile.hpp"

#include <CLI/Validators.hpp>

#include <filesystem>
#include <iostream>
#include <memory>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

struct calibrate_choice {
  std::string out = "profile.json";
  unsigned rounds = 5;
  std::uint32_t requests = 4000;
  std::uint64_t seed = 1;
};

int calibrate(calibrate_choice const& choice) {
  live::interruption const signals;
  fs::path const file(choice.out), directory = fs::absolute(file.string() + ".run");
  auto const claim = claim_directory(directory);
  sim::calibrate::segments all;
  for (unsigned round = 0; round < choice.rounds; ++round) {
    live::run_options options{directory / "run"};
    options.signals = &signals;
    options.inspect = [&](records::run_records const& records) { all.add(sim::calibrate::segments_of(records)); };
    auto const result = live::run(sim::calibrate::calibration_scenario(choice.seed + round, choice.requests), options);
    if (result.verdict == records::verdict::passed) continue;
    for (std::string const& reason : result.reasons) std::cerr << "crest-sim: " << reason << '\n';
    return result.exit_code;
  }
  if (signals.happened()) {
    std::cerr << "crest-sim: interrupted: nothing was written\n";
    return records::exit_interrupted;
  }
  sim::calibrate::profile profile = sim::calibrate::profile_of(all);
  profile.rounds = choice.rounds;
  profile.seed = choice.seed;
  os::write_file(file, sim::calibrate::profile_json(profile, std::string(config::version)));
  std::error_code none;
  fs::remove_all(directory / "run", none);
  std::cout << sim::calibrate::profile_text(profile) << "\nprofile: " << file.string() << '\n';
  return records::exit_passed;
}

}

void add_calibrate(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<calibrate_choice>();
  CLI::App& command = *app.add_subcommand("calibrate", "measure this machine's times, as a profile for simulated time");
  command.add_option("--out", choice->out, "the profile's file")->type_name("FILE")->capture_default_str();
  command.add_option("--rounds", choice->rounds, "live runs")->capture_default_str()->check(CLI::Range(1u, 1000u));
  command.add_option("--requests", choice->requests, "requests of a round")
      ->capture_default_str()
      ->check(CLI::Range(100u, 10000000u));
  command.add_option("--seed", choice->seed, "of the first round")->capture_default_str();
  command.callback([choice, &chosen] { chosen = [choice] { return calibrate(*choice); }; });
}

}
