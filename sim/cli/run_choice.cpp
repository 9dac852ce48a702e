#include "sim/cli/run_choice.hpp"

#include "base/config/document.hpp"
#include "base/config/words.hpp"
#include "sim/cli/kept_requests.hpp"
#include "sim/cli/suite_files.hpp"
#include "sim/engines/live/metrics_server.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <unistd.h>

namespace sim::cli {
namespace {

/// "1%" or "0.01". Throws config::bad_input unless it lies between 0 and 1.
double share_of(std::string const& option, std::string const& text) {
  char* end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  std::string_view const rest = end;
  if (rest == "%") value /= 100;
  if (end == text.c_str() || (!rest.empty() && rest != "%") || !(value > 0 && value < 1))
    throw config::bad_input(option + ": found '" + text +
                            "'; allowed: more than 0 and less than 1, such as 1% or 0.01");
  return value;
}

}

bool run_choice::shows_progress() const { return ::isatty(STDERR_FILENO) == 1 && !quiet; }

unsigned run_choice::threads() const { return jobs != 0 ? jobs : std::max(1u, std::thread::hardware_concurrency()); }

std::size_t run_choice::requests_kept() const { return requests_to_keep(keep_requests); }

std::optional<reports::ci::provider> run_choice::ci_system() const {
  return config::value_of<reports::ci::provider>(ci);
}

std::string run_choice::engine_of(config::document const& document) const {
  nlohmann::json const& root = document.root();
  if (!engine.empty() || !root.is_object()) return engine_at_first();
  auto const said = root.find("engine");
  return said != root.end() && said->is_string() ? said->get<std::string>() : engine_at_first();
}

void run_choice::check(std::string const& engine_used) const {
  bool const simulated = engine_used == "virtual";
  if (!simulated && replicated())
    throw config::bad_input("--replications, --precision: found with --engine " + engine_used +
                            "; allowed: with --engine virtual");
  if (simulated && retry_invalid > 0)
    throw config::bad_input("--retry-invalid: found with --engine virtual, which does the same each time; allowed: "
                            "with --engine live");
  if (!metrics.empty() && simulated)
    throw config::bad_input("--metrics: found with --engine virtual; allowed: with --engine live");
  if (!metrics.empty()) static_cast<void>(live::metrics_address(metrics));
  if (watch && simulated) throw config::bad_input("--watch: found with --engine virtual; allowed: with --engine live");
  if (watch && retry_invalid > 0)
    throw config::bad_input(
        "--retry-invalid: found with --watch, whose events by hand are of one run; allowed: without "
        "--watch");
  if (watch && is_suite(files)) throw config::bad_input("--watch: found with several scenarios; allowed: with one");
  static_cast<void>(requests_kept());
  if (replicated() && keep_requests_asked)
    throw config::bad_input("--keep-requests: found with --replications or --precision; allowed: with a single run");
  if (replicated()) static_cast<void>(plan());
}

replication_plan run_choice::plan() const {
  replication_plan p;
  p.confidence = share_of("--confidence", confidence);
  p.jobs = threads();
  p.most = most;
  p.count = replications;
  if (precision.empty()) return p;
  p.precision = share_of("--precision", precision);
  p.count = std::max(p.count, replications_between_looks);
  if (p.most < p.count)
    throw config::bad_input("--max-replications: found " + std::to_string(p.most) + "; allowed: at least " +
                            std::to_string(p.count));
  return p;
}

}
