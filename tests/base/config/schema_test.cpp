#include "base/config/document.hpp"
#include "base/config/schema.hpp"

#include <catch2/catch.hpp>

using nlohmann::json;

namespace {

std::string check(char const* schema, char const* value) {
  try {
    auto const d = config::document::parse(value, "f");
    d.validate(json::parse(schema));
  } catch (config::bad_input const& e) {
    return e.what();
  }
  return "good";
}

}

TEST_CASE("all that breaks a rule is found, not only the first") {
  char const* const schema = R"({"type":"object","additionalProperties":false,"required":["a"],"properties":{
    "a":{"type":"integer"},
    "list":{"type":"array","items":{"type":"string"}},
    "in":{"type":"object","required":["x"],"additionalProperties":false,"properties":{"x":{"enum":["p","q"]}}},
    "either":{"oneOf":[{"type":"integer"},{"type":"object","properties":{"k":{"type":"integer"},"l":{"type":"integer"}}}]},
    "rates":{"type":"object","properties":{},"additionalProperties":false,"patternProperties":{"^r":{"type":"number"}}}}})";
  struct row {
    char const* name;
    char const* value;
    std::vector<std::string> lines;
  };
  row const rows[] = {
      {"nothing", R"({"a":1})", {}},
      {"members, unknown keys and a missing one",
       "{\"b\":1,\n\"list\":[1,\"x\",2],\n\"in\":{\"y\":1}}",
       {"f:1: b: found an unknown key; allowed: a, either, in, list, rates",
        "f:3: in.y: found an unknown key; allowed: x", "f:3: in: found no key 'x'; allowed: an object with x",
        "f:2: list[0]: found 1; allowed: a string", "f:2: list[2]: found 2; allowed: a string",
        "f:1: found no key 'a'; allowed: an object with a"}},
      {"of several forms, the nearest one's first",
       R"({"a":1,"either":{"k":"s","l":"s"}})",
       {"f:1: either.k: found \"s\"; allowed: a whole number"}},
      {"keys by pattern",
       R"({"a":1,"rates":{"r1":1,"r2":"s","s":1}})",
       {"f:1: rates.r2: found \"s\"; allowed: a number", "f:1: rates.s: found an unknown key"}},
      {"the type of the whole", "3", {"f:1: found 3; allowed: an object"}},
  };
  for (row const& r : rows) {
    INFO(r.name);
    CHECK(config::document::parse(r.value, "f").broken_rules(json::parse(schema)) == r.lines);
  }
  std::string many = "{\"a\":1,\"list\":[1";
  for (int i = 0; i < 100'000; ++i) many += ",1";
  CHECK(config::document::parse(many + "]}", "f").broken_rules(json::parse(schema)).size() == 100);
}

TEST_CASE("each keyword of the schema accepts and refuses") {
  struct row {
    char const* schema;
    char const* value;
    char const* message;
  };
  row const rows[] = {
      {R"({"type":"integer","minimum":1,"maximum":9})", "5", "good"},
      {R"({"type":"integer","minimum":1,"maximum":9})", "5.0", "good"},
      {R"({"type":"integer","minimum":1,"maximum":9})", "5.5", "f:1: found 5.5; allowed: a whole number from 1 to 9"},
      {R"({"type":"integer","minimum":1,"maximum":9})", "-1", "f:1: found -1; allowed: a whole number from 1 to 9"},
      {R"({"type":"integer"})", "1e300", "f:1: found 1e+300; allowed: a whole number"},
      {R"({"type":"number","exclusiveMinimum":0})", "0", "f:1: found 0; allowed: a number greater than 0"},
      {R"({"type":["string","null"]})", "null", "good"},
      {R"({"type":["string","null"]})", "true", "f:1: found true; allowed: a string or null"},
      {R"({"type":"string","minLength":1})", "\"\"", "f:1: found \"\"; allowed: a string that is not empty"},
      {R"({"type":"string","pattern":"^a+$","title":"some a's"})", "\"b\"", "f:1: found \"b\"; allowed: some a's"},
      {R"({"type":"string","maxLength":2})", "\"abc\"", "f:1: found \"abc\"; allowed: a string of at most 2 bytes"},
      {R"({"enum":["random","round_robin"]})", "\"radnom\"",
       "f:1: found \"radnom\"; allowed: \"random\", \"round_robin\"; did you mean 'random'?"},
      {R"({"type":"array","minItems":1,"items":{"type":"string"}})", "[]",
       "f:1: found a list of 0; allowed: a list of at least 1"},
      {R"({"type":"array","items":{"type":"string"}})", "[\"a\",\n3]", "f:2: [1]: found 3; allowed: a string"},
      {R"({"type":"object","required":["a","b"],"properties":{"a":{},"b":{}}})", "{\"a\":1}",
       "f:1: found no key 'b'; allowed: an object with a, b"},
      {R"({"type":"object","additionalProperties":false,"properties":{"count":{},"kind":{}}})", "{\n\"cuont\":1}",
       "f:2: cuont: found an unknown key; allowed: count, kind; did you mean 'count'?"},
      {R"({"type":"object","additionalProperties":{"type":"integer"}})", "{\"x\":\"y\"}",
       "f:1: x: found \"y\"; allowed: a whole number"},
      {R"({"type":"object","patternProperties":{"^m":{"type":"boolean"}},"additionalProperties":false})", "{\"m1\":1}",
       "f:1: m1: found 1; allowed: true or false"},
      {R"({"$defs":{"n":{"type":"number"}},"properties":{"a":{"$ref":"#/$defs/n"}}})", "{\"a\":\"x\"}",
       "f:1: a: found \"x\"; allowed: a number"},
      {R"({"type":"object","title":"one key","maxProperties":1})", "{\"a\":1,\"b\":2}",
       "f:1: found an object with 2 keys; allowed: one key"},
      {R"({"type":"object","minProperties":1})", "{}", "f:1: found an object; allowed: an object with at least 1 keys"},
  };
  for (row const& r : rows) {
    INFO(r.schema << " on " << r.value);
    CHECK(check(r.schema, r.value) == r.message);
  }
}

TEST_CASE("of several forms the message is about the one that was meant") {
  char const* popularity =
      R"({"oneOf":[{"const":"uniform"},{"type":"object","title":"{\"zipf\": s}","required":["zipf"],
    "additionalProperties":false,"properties":{"zipf":{"type":"number","minimum":0}}}]})";
  CHECK(check(popularity, "\"uniform\"") == "good");
  CHECK(check(popularity, "{\"zipf\": 1}") == "good");
  CHECK(check(popularity, "\"unifrom\"") ==
        "f:1: found \"unifrom\"; allowed: \"uniform\", {\"zipf\": s}; did you mean 'uniform'?");
  CHECK(check(popularity, "{\"zipf\": -1}") == "f:1: zipf: found -1; allowed: a number of at least 0");
  CHECK(check(popularity, "{\"zpif\": 1}") == "f:1: zpif: found an unknown key; allowed: zipf; did you mean 'zipf'?");
  CHECK(check(popularity, "4") == "f:1: found 4; allowed: \"uniform\", {\"zipf\": s}");
}

TEST_CASE("a constant key chooses the form whose other keys are checked") {
  char const* kinds = R"({"oneOf":[
    {"type":"object","additionalProperties":false,"required":["kind"],"properties":{"kind":{"const":"gateway"},"guess":{"type":"string"}}},
    {"type":"object","additionalProperties":false,"required":["kind"],"properties":{"kind":{"const":"nginx"},"config":{"type":"string"}}}]})";
  CHECK(check(kinds, "{\"kind\":\"nginx\",\"config\":\"x\"}") == "good");
  CHECK(check(kinds, "{\"kind\":\"nginx\",\"guess\":\"x\"}") ==
        "f:1: guess: found an unknown key; allowed: config, kind");
  CHECK(check(kinds, "{\"kind\":\"gateway\",\"guess\":1}") == "f:1: guess: found 1; allowed: a string");
  CHECK(check(kinds, "{\"kind\":\"ngnix\"}") ==
        "f:1: kind: found \"ngnix\"; allowed: \"gateway\", \"nginx\"; did you mean 'nginx'?");
}

TEST_CASE("a schema with a keyword that is not checked is our mistake") {
  CHECK_THROWS_AS(check(R"({"properties":{"a":{"multipleOf":2}}})", "{}"), std::logic_error);
  CHECK_THROWS_AS(check(R"({"$ref":"other.json"})", "{}"), std::logic_error);
}

TEST_CASE("very long strings neither match nor exhaust the stack") {
  std::string const value = "\"" + std::string(1'000'000, 'a') + "\"";
  CHECK_THAT(check(R"({"type":"string","pattern":"^(a|b)*$"})", value.c_str()),
             Catch::Contains("allowed: a string that matches"));
}

TEST_CASE("a place wants whole numbers when all that is said of it does") {
  json const schema = json::parse(R"({
    "properties": {"whole": {"type": "integer"}, "any": {"type": "number"}, "text": {"type": "string"},
      "list": {"type": "array", "items": {"oneOf": [
        {"type": "object", "properties": {"count": {"$ref": "#/$defs/count"}, "both": {"type": "number"}}},
        {"type": "object", "properties": {"both": {"type": "integer"}}}]}}},
    "additionalProperties": {"type": "object", "additionalProperties": {"type": "integer"}},
    "$defs": {"count": {"type": ["integer", "null"]}}})");
  auto const wants = [&](char const* at) { return config::wants_whole_number(schema, json::json_pointer(at)); };
  CHECK(wants("/whole"));
  CHECK_FALSE(wants("/any"));
  CHECK_FALSE(wants("/text"));
  CHECK(wants("/list/3/count"));
  CHECK_FALSE(wants("/list/3/both"));
  CHECK_FALSE(wants("/list/3/nothing"));
  CHECK(wants("/other/key"));
  CHECK_FALSE(wants("/whole/below"));
}
