// The token map over restarts, with real processes.
#include "gateway/exchange/map_image.hpp"
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <unistd.h>

using namespace tests::gateway_net;
using tests::live::serves_as;
namespace fs = std::filesystem;

namespace {

constexpr int tokens = 40;
std::string token(int i) { return "secret-token-" + std::to_string(i); }

/// Two proxies, of which one holds every session, and a directory for the map.
struct place {
  scripted_upstream owner{serves_as()}, other{serves_as()};
  scratch_directory directory;
  fs::path const file = directory.path() / "token-map";

  place() {
    owner.set_script([this](upstream_request const&) { return served_by(owner.address()); });
    other.set_script([this](upstream_request const& r) { return redirect_to(owner.address(), r); });
  }

  std::unique_ptr<configured_gateway> gateway(nlohmann::json const& more = nlohmann::json::object()) {
    nlohmann::json configuration{{"token_map_file", file.string()}};
    configuration.update(more);
    return std::make_unique<configured_gateway>(std::vector{other.address(), owner.address()}, configuration);
  }

  /// A gateway learnt all tokens, and has drained.
  void learn_and_end() {
    auto const first = gateway();
    ask(*first);
    CHECK(drained(*first) == 0);
    REQUIRE(fs::exists(file));
  }

  static void ask(configured_gateway& gateway) {
    client c(gateway.port());
    for (int i = 0; i != tokens; ++i) REQUIRE(c.exchange(request("GET", "/x", token(i))).body == "served");
  }
  static int drained(configured_gateway& gateway) {
    gateway->process().signal(SIGTERM);
    return gateway->process().wait();
  }
};

std::string bytes_of(fs::path const& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(fs::path const& file, std::string const& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

int lines_with(configured_gateway& gateway, std::string const& words) {
  std::string const errors = gateway->process().errors();
  int found = 0;
  for (std::size_t at = errors.find(words); at != std::string::npos; at = errors.find(words, at + 1)) ++found;
  return found;
}

}

TEST_CASE("a gateway that drained is followed by one that knows its tokens, and goes straight") {
  place p;
  p.learn_and_end();
  CHECK(fs::status(p.file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  std::string const kept = bytes_of(p.file);
  for (int i = 0; i != tokens; ++i) CHECK(kept.find(token(i)) == std::string::npos);

  auto const second = p.gateway();
  CHECK_FALSE(fs::exists(p.file)); // used up: who is killed now is followed by a cold start
  CHECK(lines_with(*second, ": 40 entries restored\n") == 1);
  CHECK(second->count("restored") == tokens);
  CHECK(second->status()["token_map"]["entries"] == tokens);
  CHECK(second->status()["token_map_file"] == nlohmann::json{{"restored", 40}, {"dropped", 0}, {"refused", nullptr}});
  p.ask(*second);
  CHECK(second->count("guesses") == 0);
  CHECK(second->count("redirects") == 0);
  CHECK(second->count("map_hits") == tokens);
  CHECK((*second)->admin("/metrics").find("crest_gateway_restored_total 40\n") != std::string::npos);
  CHECK((*second)->admin("/metrics").find("crest_gateway_token_map_file_refused{reason=\"damaged\"} 0\n") !=
        std::string::npos);
  CHECK(p.drained(*second) == 0);
  CHECK(lines_with(*second, ": 40 entries written\n") == 1);

  auto const third = p.gateway(); // what was only carried is carried on
  CHECK(third->count("restored") == tokens);
}

TEST_CASE("without token_map_file nothing is written, and a restart is cold") {
  place p;
  configured_gateway first({p.owner.address()});
  p.ask(first);
  CHECK(p.drained(first) == 0);
  CHECK(fs::is_empty(p.directory.path()));
  CHECK(first->process().errors().empty());
}

TEST_CASE("a gateway that is killed, or told twice to end, writes nothing, and the next start is cold") {
  place p;
  p.learn_and_end();
  {
    auto const second = p.gateway();
    p.ask(*second);
    (*second)->process().signal(SIGKILL);
    (*second)->process().wait();
  }
  CHECK_FALSE(fs::exists(p.file));
  auto const third = p.gateway();
  CHECK(third->count("restored") == 0);
  CHECK((*third)->process().errors().empty()); // nothing is wrong with a first start

  raw_upstream silent; // what is in flight there keeps the gateway from ending by itself
  configured_gateway fourth({silent.address()}, {{"token_map_file", (p.directory.path() / "another").string()}});
  raw_connection c(fourth.port()), idle(fourth.port());
  REQUIRE(c.send(request("GET", "/x", "t")));
  raw_connection hop = silent.accept();
  hop.read_until("\r\n\r\n");
  fourth->process().signal(SIGTERM);
  REQUIRE(idle.closed()); // it drains: what is told now is told for the second time
  fourth->process().signal(SIGTERM);
  CHECK(fourth->process().wait() == 0);
  CHECK_FALSE(fs::exists(p.directory.path() / "another"));
}

TEST_CASE("a file that cannot be used costs a line and a cold start, and nothing else") {
  place p;
  p.learn_and_end();
  std::string const good = bytes_of(p.file);
  struct row {
    char const* name;
    std::string reason, word;
    std::function<void()> prepare;
    bool replaced = true; // by the next map
  };
  auto const put = [&](std::string bytes) {
    write(p.file, bytes);
    fs::permissions(p.file, fs::perms::owner_read | fs::perms::owner_write);
  };
  std::vector<row> rows{
      {"one byte changed", "it is damaged", "damaged",
       [&] {
         std::string bytes = good;
         bytes[bytes.size() / 2] ^= 1;
         put(bytes);
       }},
      {"another key", "it is damaged", "damaged",
       [&] {
         std::string bytes = good;
         bytes[30] ^= 1;
         put(bytes);
       }},
      {"cut off", "it is damaged", "damaged", [&] { put(good.substr(0, good.size() - 1)); }},
      {"another version", "another version of the gateway wrote it", "other_version",
       [&] {
         std::string bytes = good;
         bytes[8] = 2;
         put(bytes);
       }},
      {"something else", "it is no token map", "foreign", [&] { put("a letter to a friend"); }, false},
      {"empty", "it is no token map", "foreign", [&] { put(""); }},
      {"open to a group", "others may read or write it; allowed: mode 0600", "open_to_others",
       [&] {
         put(good);
         fs::permissions(p.file, fs::perms::group_read, fs::perm_options::add);
       }},
      {"a link", "it is no regular file", "no_file",
       [&] {
         fs::remove(p.file);
         write(p.directory.path() / "elsewhere", good);
         fs::create_symlink("elsewhere", p.file);
       },
       false},
  };
  if (::geteuid() == 0)
    rows.push_back({"another user's", "it belongs to another user", "of_another_user", [&] {
                      fs::remove(p.file);
                      put(good);
                      REQUIRE(::chown(p.file.c_str(), 65534, 65534) == 0);
                    }});
  for (row const& r : rows) {
    INFO(r.name);
    r.prepare();
    auto const gateway = p.gateway();
    std::string const line =
        "crest-gateway: token_map_file " + p.file.string() + ": not used, " + r.reason + "; the map starts empty\n";
    CHECK((*gateway)->process().errors() == line);
    CHECK(gateway->count("restored") == 0);
    CHECK(gateway->status()["token_map_file"] ==
          nlohmann::json{{"restored", nullptr}, {"dropped", 0}, {"refused", r.word}});
    CHECK((*gateway)->admin("/metrics").find("token_map_file_refused{reason=\"" + r.word + "\"} 1\n") !=
          std::string::npos);
    p.ask(*gateway);
    CHECK(gateway->status()["token_map"]["entries"] == tokens);
    CHECK(p.drained(*gateway) == 0);
    if (!r.replaced) {
      CHECK(lines_with(*gateway, "not written (what is there is no token map, and is left alone)") == 1);
      fs::remove(p.file);
      continue;
    }
    CHECK(lines_with(*gateway, ": 40 entries written\n") == 1);
    CHECK(p.gateway()->count("restored") == tokens);
  }
}

TEST_CASE("a file of more entries than this map could ever have made is refused before it is read") {
  place p;
  write(p.file, "CRESTmap");
  fs::permissions(p.file, fs::perms::owner_read | fs::perms::owner_write);
  fs::resize_file(p.file, std::uintmax_t{1} << 40); // sparse: nothing is there
  auto const gateway = p.gateway();
  CHECK(gateway->status()["token_map_file"]["refused"] == "too_large");
  CHECK(lines_with(*gateway, "which is too much for this token_map; the map starts empty\n") == 1);
}

TEST_CASE("a smaller map takes over the tokens that were used last") {
  place p;
  p.learn_and_end();
  auto const gateway = p.gateway({{"token_map", "1024"}});
  auto const capacity = gateway->status()["token_map"]["capacity"].get<int>();
  REQUIRE(capacity < tokens);
  CHECK(gateway->count("restored") == static_cast<std::uint64_t>(capacity));
  CHECK(gateway->count("evicted") == 0);
  client c(gateway->port());
  for (int i = tokens - 1; i != tokens - capacity - 1; --i) c.exchange(request("GET", "/x", token(i)));
  CHECK(gateway->count("map_hits") == static_cast<std::uint64_t>(capacity));
  c.exchange(request("GET", "/x", token(0)));
  CHECK(gateway->count("map_hits") == static_cast<std::uint64_t>(capacity));
}

TEST_CASE("entries of an upstream that is no longer configured are dropped, and their tokens guessed") {
  place p;
  p.learn_and_end();
  scripted_upstream fresh{serves_as()};
  fresh.set_script([&](upstream_request const&) { return served_by(fresh.address()); });
  configured_gateway gateway({fresh.address()}, {{"token_map_file", p.file.string()}});
  CHECK(gateway.status()["token_map_file"]["dropped"] == tokens);
  CHECK(lines_with(gateway,
                   ": 0 entries restored, 40 dropped: their upstreams are not configured, or there is no room") == 1);
  std::size_t const before = p.owner.requests().size();
  p.ask(gateway);
  CHECK(gateway.count("map_hits") == 0);
  CHECK(gateway.count("guesses") == tokens);
  CHECK(p.owner.requests().size() == before); // the restored map sent nothing there
}

TEST_CASE("an upstream to which redirects may lead is known again, and never guessed") {
  place p;
  std::string const ports = "127.0.0.0/8:" + std::to_string(p.owner.port());
  auto const with = [&] {
    return std::make_unique<configured_gateway>(
        std::vector{p.other.address()},
        nlohmann::json{{"token_map_file", p.file.string()}, {"allow_redirects_to", {ports}}});
  };
  {
    auto const first = with();
    p.ask(*first);
    CHECK(p.drained(*first) == 0);
  }
  auto const second = with();
  p.ask(*second);
  CHECK(second->count("redirects") == 0);
  client c(second->port());
  for (int i = 0; i != 8; ++i) c.exchange(request("GET", "/x", "new" + std::to_string(i)));
  CHECK(second->count("redirects") == 8);
}

TEST_CASE("of two gateways on one file the second starts cold, and writes when the first has gone") {
  place p;
  p.learn_and_end();
  auto const first = p.gateway();
  auto const second = p.gateway();
  CHECK(first->count("restored") == tokens);
  CHECK(second->status()["token_map_file"]["refused"] == "in_use");
  CHECK(lines_with(*second, ": not used, another process uses it; the map starts empty\n") == 1);
  p.ask(*second);
  SECTION("the second one ends first") {
    CHECK(p.drained(*second) == 0);
    CHECK(lines_with(*second, ": not written (another process uses it); the next start is cold\n") == 1);
    CHECK_FALSE(fs::exists(p.file));
    CHECK(p.drained(*first) == 0);
  }
  SECTION("the first one ends first") {
    CHECK(p.drained(*first) == 0);
    CHECK(p.drained(*second) == 0);
    CHECK(lines_with(*second, ": 40 entries written\n") == 1);
  }
  CHECK(p.gateway()->count("restored") == tokens);
}

TEST_CASE("the file is left alone by a check of the configuration, and by a start that fails") {
  place p;
  p.learn_and_end();
  std::string const kept = bytes_of(p.file);
  std::vector<std::string> arguments{"--upstream", p.owner.address(), "--token-map-file", p.file.string()};
  arguments.insert(arguments.end(), {"--listen", "127.0.0.1:" + std::to_string(p.owner.port())}); // which is taken
  CHECK(run_gateway(arguments).exit_code == 1);
  arguments.push_back("--check");
  CHECK(run_gateway(arguments).exit_code == 0);
  CHECK(bytes_of(p.file) == kept);
}

TEST_CASE("a reload changes which upstreams are kept, and a token_map_file only after a restart") {
  place p;
  nlohmann::json configuration{{"listen", {"127.0.0.1:0"}},
                               {"upstreams", {p.other.address(), p.owner.address()}},
                               {"token_map_file", p.file.string()}};
  configured_gateway gateway({}, configuration); // in the file alone: flags would win over it
  p.ask(gateway);
  configuration["upstreams"] = {p.other.address()};
  configuration["token_map_file"] = (p.directory.path() / "another").string();
  gateway.rewrite(configuration.dump());
  gateway->process().signal(SIGHUP);
  REQUIRE(eventually([&] { return lines_with(gateway, "configuration reloaded\n") == 1; }));
  CHECK(lines_with(gateway, "reload: until a restart these stay as they are: token_map_file\n") == 1);
  CHECK(p.drained(gateway) == 0);
  CHECK(lines_with(gateway, p.file.string() + ": 0 entries written\n") == 1); // all led to what is gone
  CHECK_FALSE(fs::exists(p.directory.path() / "another"));
}

TEST_CASE("a directory that is not there, or no file at all, is a wrong configuration") {
  place p;
  struct row {
    std::vector<std::string> more;
    std::string message;
  };
  fs::path const nowhere = p.directory.path() / "nowhere" / "map";
  for (row const& r :
       {row{{"--token-map-file", nowhere.string()},
            "token_map_file: found " + nowhere.string() +
                ", and in its directory no file can be made (No such file or directory); allowed: a file "
                "in a directory where the gateway may make files"},
        row{{"--token-map-file", p.directory.path().string()}, "which is a directory; allowed: a file"},
        row{{"--token-map-file", p.file.string(), "--token-map", "off"},
            ", but token_map off; allowed: with token_map, which is what is kept there"}}) {
    std::vector<std::string> arguments{"--listen", "127.0.0.1:0", "--upstream", p.owner.address()};
    arguments.insert(arguments.end(), r.more.begin(), r.more.end());
    finished const end = run_gateway(arguments);
    CHECK(end.exit_code == 2);
    INFO(end.errors);
    CHECK(end.errors.find(r.message) != std::string::npos);
  }
}

namespace {

/// An image of so many tokens of an upstream.
std::string image_of(std::uint32_t entries, std::string const& upstream) {
  namespace exchange = gateway::exchange;
  exchange::map_image_writer image({7}, {upstream}, entries);
  for (std::uint32_t i = 0; i != entries; ++i) {
    exchange::kept_token one;
    one.key.words = {i * 0x9e3779b9u, i * 0x85ebca6bu + 1, i};
    one.upstream = gateway::routing::upstream_id{0};
    image.add(one);
  }
  return image.finish();
}

constexpr std::uint32_t million = 1'000'000;

void put_million(place const& p) {
  write(p.file, image_of(million, p.owner.address()));
  fs::permissions(p.file, fs::perms::owner_read | fs::perms::owner_write);
}

}

TEST_CASE("a disk that takes longer than it may holds up neither start nor end") {
  place p;
  // The file is large, and the time next to nothing: whether the reader is late is all the same up to the machine.
  bool was_late = false;
  for (int attempt = 0; attempt != 20 && !was_late; ++attempt) {
    put_million(p);
    auto const gateway = p.gateway({{"token_map", "64m"}, {"timeouts", {{"token_map_file", "0.001us"}}}});
    was_late = gateway->status()["token_map_file"]["refused"] == "late";
    if (was_late) {
      CHECK(lines_with(*gateway, ": not used, it could not be read within 1e-09 s; the map starts empty\n") == 1);
      CHECK(gateway->count("restored") == 0);
    }
    CHECK(p.drained(*gateway) == 0);
  }
  CHECK(was_late);
}

TEST_CASE("a million tokens are carried over a restart") {
  place p;
  put_million(p);
  auto const gateway = p.gateway({{"token_map", "64m"}, {"timeouts", {{"token_map_file", "60s"}}}});
  CHECK(gateway->status()["token_map_file"] ==
        nlohmann::json{{"restored", million}, {"dropped", 0}, {"refused", nullptr}});
  CHECK(p.drained(*gateway) == 0);
  CHECK(lines_with(*gateway, ": 1000000 entries written\n") == 1);
}

TEST_CASE("how long a million tokens take", "[.measure]") {
  using clock = std::chrono::steady_clock;
  auto const ms = [](clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
  place p;
  for (std::uint32_t const entries : {0u, million}) {
    write(p.file, image_of(entries, p.owner.address()));
    fs::permissions(p.file, fs::perms::owner_read | fs::perms::owner_write);
    auto const begin = clock::now();
    auto const gateway = p.gateway({{"token_map", "64m"}, {"timeouts", {{"token_map_file", "60s"}}}});
    auto const ready = clock::now();
    CHECK(p.drained(*gateway) == 0);
    std::printf("%u tokens: ready after %.0f ms, ended after %.0f ms\n", entries, ms(ready - begin),
                ms(clock::now() - ready));
  }
}
