// What happens when something cannot be written, and what --check finds before a start does.
#include "base/journal/journal.hpp"
#include "base/journal/records.hpp"
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <functional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <vector>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

/// No file of the gateway can grow beyond that, as on a full disk; without a value: any can.
void limit_files(configured_gateway& gateway, std::optional<rlim_t> bytes) {
  rlimit limit{};
  REQUIRE(::prlimit(gateway->process().pid(), RLIMIT_FSIZE, nullptr, &limit) == 0);
  limit.rlim_cur = bytes.value_or(limit.rlim_max);
  REQUIRE(::prlimit(gateway->process().pid(), RLIMIT_FSIZE, &limit, nullptr) == 0);
}

bool says(configured_gateway& gateway, std::string const& text) {
  return gateway->process().errors().find(text) != std::string::npos;
}

std::size_t times(configured_gateway& gateway, std::string const& text) {
  std::string const errors = gateway->process().errors();
  std::size_t n = 0;
  for (std::size_t at = errors.find(text); at != std::string::npos; at = errors.find(text, at + 1)) ++n;
  return n;
}

}

TEST_CASE("an access log that cannot be written is said once, its lines are counted, and it goes on in form") {
  scratch_directory scratch;
  std::filesystem::path const log = scratch.path() / "access.log";
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"access_log", log.string()}});
  client c(gateway.port());
  std::uint64_t asked = 0;
  auto const ask_until = [&](std::function<bool()> const& is_so) {
    return eventually([&] {
      ++asked;
      CHECK(c.exchange(request("GET", "/x", "")).status == 200);
      return is_so();
    });
  };
  CHECK(ask_until([&] { return std::filesystem::file_size(log) > 0; }));
  limit_files(gateway, std::filesystem::file_size(log) + 100); // in the middle of a line
  CHECK(ask_until([&] { return gateway.count("log_lines_lost") > 0; }));
  CHECK(ask_until([&] { return gateway.count("log_lines_lost") > 200; }));
  CHECK(times(gateway, "cannot be written") == 1);
  limit_files(gateway, std::nullopt);
  CHECK(ask_until([&] { return says(gateway, "is written again"); }));
  CHECK(gateway->admin("/metrics").find("crest_gateway_log_lines_lost_total ") != std::string::npos);
  std::uint64_t const lost = gateway.count("log_lines_lost");
  gateway->process().signal(SIGTERM);
  CHECK(gateway->process().wait() == 0);
  std::ifstream in(log);
  std::uint64_t whole = 0, torn = 0;
  for (std::string line; std::getline(in, line);) ++(nlohmann::json::accept(line) ? whole : torn);
  CHECK(torn <= 1);
  CHECK(whole + lost == asked);
}

TEST_CASE("a journal that cannot be written is said once and counted, and no request suffers") {
  scratch_directory scratch;
  std::filesystem::path const file = scratch.path() / "gateway.journal";
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"journal", {{"file", file.string()}}}});
  client c(gateway.port());
  limit_files(gateway, std::filesystem::exists(file) ? std::filesystem::file_size(file) : 4096);
  std::uint64_t asked = 0;
  for (; asked < 2'500; ++asked) CHECK(c.exchange(request("GET", "/x", "", "Lab-Request: 1\r\n")).status == 200);
  std::uint64_t const lost = gateway.count("journal_records_lost");
  CHECK(lost > 0);
  CHECK(times(gateway, "its records are lost") == 1);
  limit_files(gateway, std::nullopt);
  CHECK(c.exchange(request("GET", "/x", "")).status == 200);
  CHECK(times(gateway, "journal: it is written again") == 1);
  CHECK(gateway.count("journal_records_lost") == lost);
  CHECK(journal::read<journal::balancer_event>(file, "balancer_event").size() + lost == 2 * (asked + 1));
}

TEST_CASE("a body that cannot be kept is 507, said once and counted") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"body_in_memory", "4096"}});
  std::string const body(100'000, 'b');
  auto const post = [&] { return client(gateway.port()).exchange(request("POST", "/x", "", "", body)).status; };
  CHECK(post() == 200);
  limit_files(gateway, 8192);
  for (int i = 0; i < 3; ++i) CHECK(post() == 507);
  CHECK(gateway.count("bodies_not_kept") == 3);
  CHECK(times(gateway, "a body cannot be kept") == 1);
  limit_files(gateway, std::nullopt);
  CHECK(post() == 200);
  CHECK(eventually([&] { return times(gateway, "bodies are kept again") == 1; }));
}

TEST_CASE("what a start finds --check finds, with the same line, and neither leaves a file behind") {
  scratch_directory scratch;
  std::filesystem::path const& here = scratch.path();
  std::ofstream(here / "not-a-journal") << "something else that is longer than the head of a journal would be";
  std::ofstream(here / "file") << "";
  std::filesystem::create_symlink(here / "nowhere" / "a.log", here / "dangling");
  struct row {
    char const* name;
    nlohmann::json configuration;
    char const* mentions;
  };
  auto const r = GENERATE(
      row{"the log's directory does not exist", {{"access_log", "@/nowhere/a.log"}}, "access_log"},
      row{"the log is a directory", {{"access_log", "@"}}, "access_log"},
      row{"the log is below a file", {{"access_log", "@/file/a.log"}}, "access_log"},
      row{"the log is a link to nowhere", {{"access_log", "@/dangling"}}, "access_log"},
      row{"the log's name is too long", {{"access_log", "@/" + std::string(300, 'a')}}, "access_log"},
      row{"no file can be made in the log's directory", {{"access_log", "/proc/nowhere.log"}}, "access_log"},
      row{"the journal's directory does not exist", {{"journal", {{"file", "@/nowhere/j"}}}}, "journal"},
      row{"the journal is something else", {{"journal", {{"file", "@/not-a-journal"}}}}, "journal"},
      row{"the bodies' directory does not exist", {{"body_directory", "@/nowhere"}}, "body_directory"},
      row{"the bodies' directory is a file", {{"body_directory", "@/file"}}, "body_directory"},
      row{"no files can be made there", {{"body_directory", "/proc"}}, "body_directory"},
      row{"admin is where clients connect", {{"listen", {"127.0.0.1:34567"}}, {"admin", "127.0.0.1:34567"}}, "admin"},
      row{"admin is below a wildcard", {{"listen", {"0.0.0.0:34567"}}, {"admin", "127.0.0.1:34567"}}, "admin"},
      row{"a wildcard over an address", {{"listen", {"127.0.0.1:34567", "0.0.0.0:34567"}}}, "listen[1]"},
      row{"IPv6's wildcard over IPv4", {{"listen", {"127.0.0.1:34567", "[::]:34567"}}}, "listen[1]"},
      row{"one address in two spellings", {{"listen", {"[::1]:34567", "[0:0::1]:34567"}}}, "listen[1]"},
      row{"a mapped address", {{"listen", {"127.0.0.1:34567", "[::ffff:7f00:1]:34567"}}}, "listen[1]"},
      row{"an upstream in two spellings", {{"upstreams", {"[::1]:1", "[0::1]:01"}}}, "upstreams[1]"},
      row{"a mapped upstream", {{"upstreams", {"10.0.0.1:1", "[::FFFF:10.0.0.1]:1"}}}, "upstreams[1]"},
      row{"a name with its final dot", {{"upstreams", {"localhost:1", "LOCALHOST.:1"}}}, "upstreams[1]"},
      row{"an address that is none", {{"upstreams", {"127.1:1"}}}, "upstreams[0]"},
      row{"a range that is none", {{"allow_redirects_to", {"fd00::/8:80"}}}, "allow_redirects_to[0]"});
  INFO(r.name);
  nlohmann::json whole = {{"listen", {"127.0.0.1:0"}}, {"upstreams", {"127.0.0.1:1"}}};
  whole.update(r.configuration);
  std::filesystem::path const file = here / "gateway.json";
  std::string text = whole.dump(); // rows outlive the directory: @ stands for this one
  for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at))
    text.replace(at, 1, here.string());
  std::ofstream(file) << text;
  auto const count_files = [&] {
    return std::distance(std::filesystem::directory_iterator(here), std::filesystem::directory_iterator());
  };
  auto const before = count_files();
  finished const checked = run_gateway({"--check", "--config", file.string()});
  finished const started = run_gateway({"--config", file.string()});
  CHECK(checked.exit_code == 2);
  CHECK(started.exit_code == 2);
  CHECK(checked.errors == started.errors);
  CHECK(std::count(checked.errors.begin(), checked.errors.end(), '\n') == 1);
  INFO(checked.errors);
  CHECK(checked.errors.find(r.mentions) != std::string::npos);
  CHECK(count_files() == before);
}

TEST_CASE("what can be written --check calls valid, and leaves as it is") {
  scratch_directory scratch;
  std::filesystem::path const& here = scratch.path();
  std::ofstream(here / "old.log") << "a line\n";
  std::filesystem::create_symlink(here / "new-by-link.log", here / "link");
  REQUIRE(::mkfifo((here / "pipe").c_str(), 0600) == 0);
  char const* const log = GENERATE("new.log", "old.log", "link", "pipe", "../../dev/full");
  INFO(log);
  std::string const path = std::string(log) == "../../dev/full" ? "/dev/full" : (here / log).string();
  finished const got = run_gateway({"--check", "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1", "--access-log",
                                    path, "--journal", (here / "new.journal").string()});
  INFO(got.errors);
  CHECK(got.exit_code == 0);
  CHECK(std::filesystem::file_size(here / "old.log") == 7);
  for (char const* made : {"new.log", "new-by-link.log", "new.journal"})
    CHECK_FALSE(std::filesystem::exists(here / made));
}
