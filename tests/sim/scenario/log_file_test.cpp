#include "base/config/document.hpp"
#include "sim/scenario/load.hpp"
#include "sim/scenario/log_file.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>
#include <zlib.h>

namespace fs = std::filesystem;
using Catch::Contains;
using sim::scenario::open_log;

namespace {

struct scratch {
  scratch() {
    std::string name = (fs::temp_directory_path() / "crest-logs-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~scratch() { fs::remove_all(path); }
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;
  fs::path file(std::string const& name, std::string const& bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return path / name;
  }
  fs::path path;
};

std::string packed(std::string const& text) {
  z_stream state{};
  REQUIRE(::deflateInit2(&state, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(::deflateBound(&state, text.size()), '\0');
  std::string in = text;
  state.next_in = reinterpret_cast<unsigned char*>(in.data());
  state.avail_in = static_cast<unsigned>(in.size());
  state.next_out = reinterpret_cast<unsigned char*>(out.data());
  state.avail_out = static_cast<unsigned>(out.size());
  REQUIRE(::deflate(&state, Z_FINISH) == Z_STREAM_END);
  out.resize(state.total_out);
  ::deflateEnd(&state);
  return out;
}

std::string all_of(fs::path const& file) {
  auto const in = open_log(file);
  return {std::istreambuf_iterator<char>(*in), std::istreambuf_iterator<char>()};
}

std::string log_of(int requests) {
  std::string log;
  for (int i = 0; i != requests; ++i)
    log += "10.0.0." + std::to_string(i % 7) + " - - [17/May/2015:10:05:03 +0000] \"GET /" + std::to_string(i) +
           " HTTP/1.1\" 200 5\n";
  return log;
}

std::string scenario_of(std::string const& load) {
  return R"({"name": "t", "topology": {"balancers": {"kind": "gateway"}, "proxies": {"count": 1}, "sols": {"count": 1}},
"load": {"kind": "trace", )" +
         load + "}}";
}

}

TEST_CASE("a log that gzip packed is read as what it packed, in one member or several") {
  scratch const dir;
  std::string const text = log_of(20'000); // more than a block, either way
  CHECK(all_of(dir.file("plain", text)) == text);
  CHECK(all_of(dir.file("one.gz", packed(text))) == text);
  CHECK(all_of(dir.file("two.gz", packed(text) + packed("") + packed(text))) == text + text);
  CHECK(all_of(dir.file("empty.gz", packed(""))).empty());
  CHECK(all_of(dir.file("short", "\x1f")) == "\x1f");
  auto const in = open_log(dir.path / "one.gz");
  std::string begin(100, '\0');
  in->read(begin.data(), 100);
  in->seekg(0);
  CHECK(std::string(std::istreambuf_iterator<char>(*in), {}) == text);
}

TEST_CASE("a gzip file that is damaged or ends early is bad input that says which") {
  scratch const dir;
  std::string const whole = packed(log_of(20'000));
  CHECK_THROWS_WITH(all_of(dir.file("cut.gz", whole.substr(0, whole.size() / 2))),
                    Contains("cut.gz: found a gzip file that ends in its middle"));
  std::string damaged = whole;
  for (std::size_t i = 1000; i != 1100; ++i) damaged[i] = '\xff';
  CHECK_THROWS_WITH(all_of(dir.file("bad.gz", damaged)), Contains("bad.gz: found a gzip file that is damaged"));
  CHECK_THROWS_AS(all_of(dir.file("tail.gz", whole + "tail")), config::bad_input);
  CHECK_THROWS_AS(open_log(dir.path / "none"), config::bad_input);
}

TEST_CASE("stdin is a log that can be opened again") {
  scratch const dir;
  std::string const text = log_of(5'000);
  int const file = ::open(dir.file("in", text).c_str(), O_RDONLY);
  REQUIRE(::dup2(file, STDIN_FILENO) == STDIN_FILENO);
  ::close(file);
  CHECK(all_of("-") == text);
  CHECK(all_of("-") == text);
  CHECK(sim::scenario::load_text(scenario_of(R"("file": "-")"), dir.path / "s.json").population.characters == 7);
}

TEST_CASE("format, identity and max_skipped of a trace are read, and refused with file, line and what is allowed") {
  scratch const dir;
  dir.file("a.log",
           "[17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" s1\n[17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" s2\n");
  dir.file("b.log.gz", packed(log_of(10)));
  auto const load = [&](std::string const& keys) {
    return sim::scenario::load_text(scenario_of(keys), dir.path / "s.json");
  };
  std::string const format = R"("format": {"nginx": ["[$time_local] ", "\"$request\" $cookie_session"]},)";
  auto const s = load(format + R"("file": "a.log", "identity": "$cookie_session", "max_skipped": 0.01)");
  CHECK(s.population.characters == 2);
  CHECK(s.load.max_skipped == 0.01);
  CHECK(load(R"("file": "b.log.gz")").population.characters == 7);

  struct row {
    char const* name;
    std::string keys, says;
  };
  row const table[] = {
      {"an unknown word", R"("file": "a.log", "format": "comblned")", "did you mean 'combined'?"},
      {"a format without a date", R"("file": "a.log", "format": {"nginx": "$request"})",
       ":2: load.format.nginx: found no date"},
      {"an identity that the format has not", format + R"("file": "a.log", "identity": "$cookie_sesion")",
       "load.identity: found $cookie_sesion, which the format does not have; allowed: $time_local, $request, "
       "$cookie_session; did you mean $cookie_session?"},
      {"an identity without a field", format + R"("file": "a.log", "identity": "session")",
       "load.identity: found no field"},
      {"an identity of any form", R"("file": "a.log", "identity": "$a")", "load.identity: found an identity without"},
      {"a share above 1", R"("file": "a.log", "max_skipped": 2)", "load.max_skipped: found 2"},
      {"no HAR file", R"("file": "a.log", "format": "har")", "a.log: found a text that is no JSON"},
  };
  for (row const& r : table) {
    INFO(r.name);
    CHECK_THROWS_WITH(load(r.keys), Contains(r.says) && Contains("allowed"));
  }
}
