#include "base/config/document.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using config::bad_input;
using config::document;
using nlohmann::json;
using pointer = json::json_pointer;

namespace {

std::string failure_of(std::string_view text) {
  try {
    document::parse(text, "f.json");
  } catch (bad_input const& e) {
    return e.what();
  }
  return "parsed";
}

/// A directory that goes away with the test.
struct scratch {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("crest-config-" + std::to_string(::getpid()));
  scratch() { std::filesystem::create_directories(path); }
  ~scratch() { std::filesystem::remove_all(path); }
};

}

TEST_CASE("every key and value knows its line") {
  auto const d = document::parse(
      "// a comment\n{\n  \"a\": 1,\n  /* more\n  */ \"b\": [\n    10,\n    20\n  ,{\"c\":\n true}]\n}\n", "f");
  CHECK(d.line_of(pointer("")) == 2);
  CHECK(d.line_of(pointer("/a")) == 3);
  CHECK(d.line_of(pointer("/b")) == 5);
  CHECK(d.line_of(pointer("/b/0")) == 6);
  CHECK(d.line_of(pointer("/b/1")) == 7);
  CHECK(d.line_of(pointer("/b/2")) == 8);
  CHECK(d.line_of(pointer("/b/2/c")) == 8);
  CHECK(d.line_of(pointer("/b/2/c/unknown/below")) == 8);
  CHECK(d.root()["b"][2]["c"] == true);
}

TEST_CASE("text that is not strict JSON is refused in one line with line, finding and what is allowed") {
  struct row {
    char const* name;
    std::string text;
    char const* begins;
    char const* contains;
  };
  using namespace std::string_literals;
  row const rows[] = {
      {"empty", "", "f.json:1: ", "an empty file"},
      {"blank", " \n\n", "f.json:1: ", "an empty file"},
      {"zero bytes", "\0\1\2"s, "f.json:1: ", "not text"},
      {"only a comment", "// nothing\n", "f.json:2: ", "end of the file"},
      {"trailing comma in an object", "{\n\"a\": 1,\n}", "f.json:3: ", "a trailing comma before '}', column 1"},
      {"trailing comma before a comment", "{\n\"a\": 1, // one\n}", "f.json:3: ", "a trailing comma before '}'"},
      {"trailing comma in a list", "{\"a\": [1,\n 2, ]}", "f.json:2: a: ", "a trailing comma before ']', column 5"},
      {"duplicate key", "{\n\"a\": 1,\n\"b\": {\"x\": 1,\n \"x\": 2}}", "f.json:4: b.x: ", "a second time"},
      {"NaN", "{\n\"a\": NaN}", "f.json:2: a: ", "allowed: an object"},
      {"infinity", "{\"a\": -Infinity}", "f.json:1: a: ", "malformed number"},
      {"number too large", "{\"a\":\n 1e999}", "f.json:2: a: ", "too large"},
      {"single quotes", "{'a': 1}", "f.json:1: ", "a key in double quotes"},
      {"bare key", "{\n a: 1}", "f.json:2: ", "a key in double quotes"},
      {"missing colon", "{\"a\" 1}", "f.json:1: a: ", "':' after the key"},
      {"missing comma", "{\"a\": 1\n\"b\": 2}", "f.json:2: ", "',' or '}'"},
      {"unclosed object", "{\"a\": {", "f.json:1: a: ", "end of the file"},
      {"unclosed string", "{\"a\": \"x\n}", "f.json:1: a: ", "control character"},
      {"two documents", "{}\n{}", "f.json:2: ", "nothing after the document's end"},
      {"not UTF-8", "{\"a\": \"\xff\xfe\"}", "f.json:1: a: ", "not UTF-8"},
      {"endless comment", "{ /* a", "f.json:1: ", "comment that does not end"},
      {"garbage",
       "\x7f"
       "ELF\x02\x01\x01",
       "f.json:1: ", "allowed: an object"},
  };
  for (row const& r : rows) {
    INFO(r.name);
    std::string const message = failure_of(r.text);
    CHECK_THAT(message, Catch::StartsWith(r.begins));
    CHECK_THAT(message, Catch::Contains(r.contains));
    CHECK_THAT(message, Catch::Contains("found ") && Catch::Contains("allowed: "));
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("nesting is limited so that no input exhausts the stack") {
  CHECK_THAT(failure_of(std::string(100'000, '[')), Catch::Contains("nesting deeper than 64"));
  CHECK_NOTHROW(document::parse("[[[[[[[[1]]]]]]]]", "f"));
}

TEST_CASE("files that are missing, too large or no files are named") {
  scratch const dir;
  std::ofstream(dir.path / "quickstart.json") << "{\"a\": 1}";
  CHECK(document::load(dir.path / "quickstart.json").root()["a"] == 1);
  CHECK_THROWS_WITH(document::load(dir.path / "quickstat.json"), Catch::EndsWith("did you mean 'quickstart.json'?"));
  CHECK_THROWS_WITH(document::load(dir.path), Catch::Contains("found a directory"));
  std::ofstream(dir.path / "large.json") << "{}";
  std::filesystem::resize_file(dir.path / "large.json", 100'000'000); // sparse
  CHECK_THROWS_WITH(document::load(dir.path / "large.json"),
                    Catch::Contains("large.json: found 100000000 bytes; allowed: at most 16777216"));
}

TEST_CASE("an override with --set replaces, creates and addresses list elements") {
  auto d = document::parse("{\n\"topology\": {\n\"balancers\": [{\"count\": 1},\n{\"count\": 2}]}}", "f");
  d.set("topology.balancers[1].count=7");
  d.set("topology.proxies.count=3");
  d.set("name=hello world");
  d.set("thresholds.latency_ms{phase:a.b}=[\"p(99)<5\"]");
  d.set("flag=true");
  d.set("text=\"12\"");
  CHECK(d.root()["topology"]["balancers"][1]["count"] == 7);
  CHECK(d.root()["topology"]["proxies"]["count"] == 3);
  CHECK(d.root()["name"] == "hello world");
  CHECK(d.root()["thresholds"]["latency_ms{phase:a.b}"][0] == "p(99)<5");
  CHECK(d.root()["flag"] == true);
  CHECK(d.root()["text"] == "12");
  CHECK(d.line_of(pointer("/topology/balancers/1/count")) == 0);
  CHECK(d.line_of(pointer("/topology/balancers/0/count")) == 3);
  CHECK(std::string(d.error_at(pointer("/topology/proxies/count"), "found 3").what()) ==
        "f:--set: topology.proxies.count: found 3");
  CHECK(std::string(d.error_at(pointer("/topology/balancers/0/count"), "found 1").what()) ==
        "f:3: topology.balancers[0].count: found 1");
}

TEST_CASE("an override with --set forgets the lines of what it replaces") {
  auto d = document::parse("{\n\"a\": {\n\"b\": 1}}", "f");
  d.set("a={\"b\": 2}");
  CHECK(d.line_of(pointer("/a/b")) == 0);
}

TEST_CASE("a malformed --set is refused in one line") {
  for (char const* assignment :
       {"a", "=1", ".a=1", "a..b=1", "a.=1", "a[=1", "a[x]=1", "a[0]=1", "list[2]=1", "list.x=1", "number.x=1",
        "list[0]x=1", "list[99999999999999999999]=1", "a={\"x\":1,\"x\":2}"}) {
    INFO(assignment);
    auto d = document::parse("{\"list\": [1, 2], \"number\": 5}", "f");
    CHECK_THROWS_AS(d.set(assignment), bad_input);
  }
  auto d = document::parse("{\"list\": [1, 2]}", "f");
  CHECK_THROWS_WITH(d.set("list[2]=1"), "f:--set: list: found index [2]; allowed: [0] to [1]");
}

TEST_CASE("nearest suggests only what is near") {
  std::vector<std::string> const known = {"proxies", "balancers", "sols", "token_map"};
  CHECK(config::nearest("proxys", known) == "proxies");
  CHECK(config::nearest("Balancer", known) == "balancers");
  CHECK(config::nearest("token-map", known) == "token_map");
  CHECK(config::nearest("tokne_map", known) == "token_map");
  CHECK(config::nearest("weather", known).empty());
  CHECK(config::nearest("", known).empty());
}

TEST_CASE("a value that stands elsewhere in the file is named by that line") {
  document d = document::parse(R"({"axes": {
"b.c[1]": [4]}, "b": {"c": [1, 2]}})",
                               "f.json");
  nlohmann::json::json_pointer const at = d.set("b.c[1]", 4, 2);
  CHECK(at.to_string() == "/b/c/1");
  CHECK(d.root().at(at) == 4);
  CHECK(d.line_of(at) == 2);
  CHECK(std::string(d.error_at(at, "found 4").what()) == "f.json:2: b.c[1]: found 4");
  CHECK_THROWS_WITH(d.set("b.c[2]", 4, 2), "f.json:2: b.c: found index [2]; allowed: [0] to [1]");
  CHECK_THROWS_WITH(d.set("b..c", 4, 7), Catch::StartsWith("f.json:7: found the path 'b..c'; allowed: "));
}
