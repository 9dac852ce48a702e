#include "base/config/schema_reference.hpp"

#include <catch2/catch.hpp>

using nlohmann::ordered_json;

TEST_CASE("a schema's page has a section for each object, and the keys in the schema's order") {
  auto const schema = ordered_json::parse(R"({
    "title": "a zoo", "description": "All of it.", "type": "object", "required": ["name"],
    "properties": {
      "name": {"type": "string", "minLength": 1, "description": "Of the zoo."},
      "open": {"type": "boolean", "default": true, "description": "a|b"},
      "kind": {"enum": ["large", "small"], "default": "large"},
      "animals": {"oneOf": [{"$ref": "#/$defs/animal"}, {"type": "array", "items": {"$ref": "#/$defs/animal"}}]},
      "visit": {"$ref": "#/$defs/time", "default": "1h", "description": "How long."},
      "prices": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}
    },
    "$defs": {
      "time": {"type": "string", "title": "a time such as \"1h\""},
      "animal": {"oneOf": [
        {"type": "object", "title": "an animal", "description": "With feathers.", "properties": {"kind": {"const": "bird"}, "wings": {"type": "integer"}}},
        {"type": "object", "title": "an animal", "properties": {"kind": {"const": "fish"}}}]}
    }})");
  CHECK(config::reference_page(schema, "Made here.") == R"(# Reference: a zoo

<!-- Made here. -->

All of it.

| key | allowed | default | meaning |
| --- | --- | --- | --- |
| `name` | a string that is not empty | required | Of the zoo. |
| `open` | true or false | `true` | a\|b |
| `kind` | "large", "small" | `"large"` |  |
| `animals` | [animals (kind: bird)](#animals-kind-bird) or [animals (kind: fish)](#animals-kind-fish) or a list of [animals (kind: bird)](#animals-kind-bird) or [animals (kind: fish)](#animals-kind-fish) |  |  |
| `visit` | a time such as "1h" | `"1h"` | How long. |
| `prices` | an object, of each key: a number of at least 0 |  |  |

## animals (kind: bird)

With feathers.

| key | allowed | default | meaning |
| --- | --- | --- | --- |
| `kind` | "bird" |  |  |
| `wings` | a whole number |  |  |

## animals (kind: fish)

| key | allowed | default | meaning |
| --- | --- | --- | --- |
| `kind` | "fish" |  |  |
)");
}
