#include "base/config/commented.hpp"
#include "base/config/document.hpp"

#include <catch2/catch.hpp>

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

json const& schema() {
  static json const it = json::parse(R"({
    "type": "object", "additionalProperties": false,
    "properties": {
      "name": {"type": "string", "description": "Who."},
      "time": {"$ref": "#/$defs/time", "description": "Of this place."},
      "other": {"$ref": "#/$defs/time"},
      "group": {"oneOf": [{"$ref": "#/$defs/group"}, {"type": "array", "items": {"$ref": "#/$defs/group"}}],
                "description": "One or many."},
      "free": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Any keys."},
      "long": {"type": "integer", "description": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen."}
    },
    "$defs": {
      "time": {"type": "object", "description": "A time.", "properties": {"ms": {"type": "number", "description": "Milliseconds."}}},
      "group": {"oneOf": [
        {"type": "object", "properties": {"kind": {"const": "a", "description": "The first."}, "n": {"type": "integer", "description": "Of a."}}},
        {"type": "object", "properties": {"kind": {"const": "b", "description": "The second."}, "n": {"type": "integer", "description": "Of b."}}}]}
    }})");
  return it;
}

}

TEST_CASE("a value is written with what its schema says of each key") {
  CHECK(
      config::commented({{"name", "x"}, {"time", {{"ms", 2}}}, {"other", {{"ms", 3}}}}, schema(), "First.\nSecond.") ==
      R"(// First.
// Second.
{
  // Who.
  "name": "x",
  // Of this place.
  "time": {
    // Milliseconds.
    "ms": 2
  },
  // A time.
  "other": {
    // Milliseconds.
    "ms": 3
  }
}
)");
}

TEST_CASE("of several forms the one that the constants name is explained") {
  ordered_json groups = ordered_json::array();
  groups.push_back({{"kind", "b"}, {"n", 1}});
  std::string const many = config::commented({{"group", groups}}, schema(), "");
  CHECK(many.find("// Of b.\n") != std::string::npos);
  CHECK(many.find("Of a.") == std::string::npos);
  std::string const one = config::commented({{"group", {{"kind", "a"}, {"n", 1}}}}, schema(), "");
  CHECK(one.find("// Of a.\n") != std::string::npos);
}

TEST_CASE("long descriptions are broken into lines, values without rules stay on one") {
  std::string const text = config::commented({{"long", 1}, {"free", {{"a", "b"}}}}, schema(), "");
  CHECK(text.find("fourteen fifteen\n  // sixteen seventeen.\n  \"long\": 1") != std::string::npos);
  CHECK(text.find("\"free\": {\"a\": \"b\"}") != std::string::npos);
}

TEST_CASE("what is written is the value, and a valid document") {
  ordered_json groups = ordered_json::array();
  groups.push_back({{"kind", "a"}, {"n", 1}});
  groups.push_back({{"kind", "b"}});
  ordered_json const value = {{"name", "a \"b\" // c"}, {"free", ordered_json::object()}, {"group", groups}};
  auto const document = config::document::parse(config::commented(value, schema(), "x"), "here");
  CHECK(document.root() == json(value));
  CHECK_NOTHROW(document.validate(schema()));
}
