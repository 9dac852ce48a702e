#include "sim/command/engines.hpp"

#include "config/document.hpp"
#include "sim/live/process.hpp"
#include "sim/live/run.hpp"
#if __has_include("sim/virtual/run.hpp")
#include "sim/virtual/run.hpp"
#endif

namespace sim::command {
namespace {

sweep::engine live_engine(std::filesystem::path const& scratch) {
  return {"live", [scratch](scenario::scenario const& s) { return live::run(s, {scratch, false}); }, false};
}

sweep::engine virtual_engine() {
#if __has_include("sim/virtual/run.hpp")
  return {"virtual", [](scenario::scenario const& s) { return virtual_time::run(s, {}); }, true};
#else
  throw live::could_not_run("this crest-sim was built without the virtual engine; there is --engine live");
#endif
}

}

sweep::engine engine_named(std::string const& name, std::filesystem::path const& scratch) {
  if (name == "live") return live_engine(scratch);
  if (name == "virtual") return virtual_engine();
  throw config::bad_input("--engine: found '" + name + "'; allowed: virtual, live");
}

}
