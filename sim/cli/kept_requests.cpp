#include "sim/cli/kept_requests.hpp"

#include "base/config/document.hpp"
#include "base/os/write_file.hpp"
#include "reports/traces/traces.hpp"
#include "sim/judge/request_traces.hpp"

#include <charconv>
#include <exception>
#include <limits>
#include <utility>

namespace sim::cli {

std::size_t requests_to_keep(std::string const& asked) {
  if (asked == "all") return std::numeric_limits<std::size_t>::max();
  std::size_t most = 0;
  char const* const end = asked.data() + asked.size();
  auto const [rest, error] = std::from_chars(asked.data(), end, most);
  if (error != std::errc{} || rest != end)
    throw config::bad_input("--keep-requests: found '" + asked + "'; allowed: a number, or all");
  return most;
}

request_keeper::request_keeper(std::size_t most, std::string engine)
  : most_(most) {
  kept_.engine = std::move(engine);
}

judge::observer request_keeper::observer() {
  return [this](judge::findings const& f) {
    if (f.each == nullptr || most_ == 0) return;
    kept_.scenario = f.what.name;
    kept_.seed = f.what.seed;
    kept_.of = 0;
    for (std::size_t i = 0; i != f.each->view.size(); ++i) kept_.of += f.each->view.issued(i);
    kept_.traces = judge::traces_of(*f.each, judge::worth_keeping(*f.each, most_));
  };
}

std::string request_keeper::write(std::filesystem::path const& directory) const noexcept {
  try {
    if (kept_any()) os::write_file(directory / reports::traces::file_name, reports::traces::kept_text(kept_));
    return {};
  } catch (std::exception const& error) {
    return error.what();
  }
}

}
