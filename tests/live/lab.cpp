#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;

namespace tests::live {
namespace {

std::vector<std::string> arguments_of(fs::path const& directory, nlohmann::json const& scenario,
                                      std::vector<std::string> const& flags) {
  fs::path const file = directory / "scenario.json";
  std::ofstream(file) << scenario.dump(2);
  std::vector<std::string> arguments{"run", file.string(), "--out", (directory / "out").string()};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return arguments;
}

}

lab::lab(std::vector<std::string> const& arguments)
  : process_(fs::path(CREST_BIN_DIR) / "crest-sim", arguments) {}

int lab::wait() {
  output_ = process_.rest();
  int const code = process_.wait();
  output_ += process_.errors();
  return code;
}

lab_run::lab_run(nlohmann::json const& scenario, std::vector<std::string> const& flags)
  : sim_(arguments_of(at_.path(), scenario, flags)) {}

nlohmann::json lab_run::summary() const {
  INFO(output());
  REQUIRE(fs::exists(out() / "summary.json"));
  return nlohmann::json::parse(text_of(out() / "summary.json"));
}

void lab_run::wait_for_load() const {
  fs::path const journal = out() / "run" / "journals" / "proxy[0].journal";
  auto const serving = [&] { // beyond its header page there are records
    std::error_code none;
    return fs::exists(journal, none) && fs::file_size(journal, none) > 4096;
  };
  REQUIRE(eventually(serving));
}

std::set<pid_t> lab_run::processes() const { return processes_with(out().string()); }

pid_t lab_run::process_of(std::string const& node) const {
  auto const found = processes_with((out() / "run" / "configs" / node).string());
  REQUIRE(found.size() == 1);
  return *found.begin();
}

bool lab_run::runs(std::string const& node) const {
  return !processes_with((out() / "run" / "configs" / node).string()).empty();
}

nlohmann::json small_scenario() {
  return nlohmann::json::parse(R"({
    "name": "test", "seed": 5,
    "topology": {"balancers": {"kind": "gateway", "count": 1}, "proxies": {"count": 2}, "sols": {"count": 1}},
    "population": {"characters": 50},
    "load": {"kind": "closed", "requests_per_character": 10, "concurrency": 8, "targets": ["/plain"]}
  })");
}

std::string text_of(fs::path const& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::set<pid_t> processes_with(std::string const& text) {
  std::set<pid_t> found;
  for (fs::directory_entry const& entry : fs::directory_iterator("/proc")) {
    std::string const name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string const line = text_of(entry.path() / "cmdline");
    pid_t const pid = std::stoi(name);
    if (pid != ::getpid() && line.find(text) != std::string::npos) found.insert(pid);
  }
  return found;
}

std::uint64_t count(nlohmann::json const& of, std::string const& metric) {
  nlohmann::json const& found = of.at("metrics").at(metric);
  return found.at(found.contains("value") ? "value" : "count").get<std::uint64_t>();
}

void check_invariants(nlohmann::json const& summary, std::vector<std::string> const& exercised) {
  for (nlohmann::json const& one : summary.at("invariants")) {
    INFO(one.dump(2));
    CHECK(one.at("passed") == true);
    CHECK(one.at("violations") == 0);
    if (std::find(exercised.begin(), exercised.end(), one.at("name")) != exercised.end()) CHECK(one.at("checked") > 0);
  }
}

}
