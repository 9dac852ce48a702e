/// crest-sim's sweep and merge with an engine that computes in no time (FAKE_MS: in so many milliseconds), so that
/// launchers and kills can be tested without simulating anything.
#include "base/config/document.hpp"
#include "sim/cli/command.hpp"
#include "sim/records/result.hpp"
#include "tests/sim/studies/sweep/fake.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <thread>

namespace {

sim::sweep::engine slow_engine() {
  char const* const wanted = std::getenv("FAKE_MS");
  int const milliseconds = wanted == nullptr ? 0 : std::atoi(wanted);
  sim::sweep::engine e = sweep_test::fake_engine();
  e.evaluate = [milliseconds](sim::scenario::scenario const& s) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); // stands for work
    return sweep_test::fake_result(s);
  };
  return e;
}

}

int main(int argc, char** argv) {
  try {
    CLI::App app{"crest-sim's sweep and merge with a fake engine"};
    app.require_subcommand(1);
    sim::cli::action chosen;
    sim::cli::add_sweep(app, chosen, [](std::string const&, sim::cli::engine_context const&) { return slow_engine(); });
    sim::cli::add_merge(app, chosen);
    CLI11_PARSE(app, argc, argv);
    return chosen();
  } catch (config::bad_input const& error) {
    std::cerr << "fake-sim: " << error.what() << '\n';
    return sim::records::exit_bad_input;
  } catch (std::exception const& error) {
    std::cerr << "fake-sim: " << error.what() << '\n';
    return sim::records::exit_could_not_run;
  }
}
