#include "base/config/document.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using config::bad_input;
using config::document;

namespace {

nlohmann::json schema_of(char const* file) {
  std::ifstream in(std::string(CREST_SOURCE_DIR) + "/" + file);
  return nlohmann::json::parse(in);
}

std::string check(nlohmann::json const& schema, char const* text) {
  try {
    document::parse(text, "c.json").validate(schema);
  } catch (bad_input const& e) {
    return e.what();
  }
  return "good";
}

struct row {
  char const* text;
  char const* says;
};

}

TEST_CASE("each broken gateway configuration gets one line with place, finding, what is allowed and the nearest word") {
  auto const schema = schema_of("gateway/gateway.schema.json");
  CHECK(check(schema, R"({"listen": "127.0.0.1:0", "upstreams": ["127.0.0.1:1"], "token_map": "off", // comment
    "timeouts": {"connect": "200ms"}})") == "good");
  row const rows[] = {
      {"{\n\"lisen\": \"127.0.0.1:0\"}", "c.json:2: lisen: found an unknown key"},
      {R"({"lisen": 1})", "did you mean 'listen'?"},
      {R"({"listen": "127.0.0.1"})", "listen: found \"127.0.0.1\"; allowed: an address HOST:PORT"},
      {R"({"listen": []})", "listen: found a list of 0"},
      {R"({"upstreams": []})", "upstreams: found a list of 0; allowed: a list of at least 1"},
      {R"({"upstreams": "127.0.0.1:1"})", "upstreams: found \"127.0.0.1:1\"; allowed: a list"},
      {R"({"upstreams": ["127.0.0.1:1", 5]})", "upstreams[1]: found 5"},
      {R"({"guess": "least_con"})", "did you mean 'least_conn'?"},
      {R"({"token_map": "of"})", "did you mean 'off'?"},
      {R"({"token_map": "10mb"})", "token_map: found \"10mb\""},
      {R"({"threads": 0})", "threads: found 0; allowed: a whole number from 1 to 256"},
      {R"({"threads": -1})", "threads: found -1"},
      {R"({"threads": "two"})", "threads: found \"two\""},
      {R"({"threads": NaN})", "threads: found 'N"},
      {R"({"seed": 1e300})", "seed: found 1e+300"},
      {R"({"max_redirects": 2.5})", "max_redirects: found 2.5"},
      {R"({"single_guess": "yes"})", "single_guess: found \"yes\"; allowed: true or false"},
      {R"({"journal": {}})", "journal: found no key 'file'"},
      {R"({"journal": {"file": ""}})", "journal.file: found \"\"; allowed: a string that is not empty"},
      {R"({"timeouts": {"conect": "5s"}})", "did you mean 'connect'?"},
      {R"({"timeouts": {"connect": 5}})", "timeouts.connect: found 5; allowed: a duration such as"},
      {R"({"timeouts": {"connect": "-5s"}})", "timeouts.connect: found \"-5s\""},
      {R"({"threads": 1,})", "a trailing comma"},
      {R"({"threads": 1, "threads": 2})", "threads: found the key 'threads' a second time"},
      {R"([])", "found a list; allowed: a configuration of crest-gateway"},
  };
  for (row const& r : rows) {
    INFO(r.text);
    std::string const message = check(schema, r.text);
    CHECK_THAT(message, Catch::StartsWith("c.json:") && Catch::Contains(r.says) && Catch::Contains("; allowed: "));
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("each broken fakeproxy configuration gets one line too") {
  auto const schema = schema_of("fakeproxy/fakeproxy.schema.json");
  row const rows[] = {
      {R"({"nodez": []})", "did you mean 'nodes'?"},
      {R"({"nodes": 5})", "nodes: found 5; allowed: a list"},
      {R"({"lease_ms": "3s"})", "lease_ms: found \"3s\""},
      {R"({"token_key": 12})", "token_key: found 12"},
      {"{\"nodes\": [\n{\"role\": \"prxy\"}]}", "did you mean 'proxy'?"},
  };
  for (row const& r : rows) {
    INFO(r.text);
    CHECK_THAT(check(schema, r.text), Catch::StartsWith("c.json:") && Catch::Contains(r.says));
  }
}
