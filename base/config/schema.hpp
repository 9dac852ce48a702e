#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace config {

/// The first rule of a schema that a value breaks, in words for people.
struct violation {
  nlohmann::json::json_pointer at;  // the value, or the unknown key
  std::string found;                // "\"ten\"", "an unknown key"
  std::vector<std::string> allowed; // alternatives, each a phrase
  std::string word;                 // what may be a misspelling of one of `candidates`; empty if not a word
  std::vector<std::string> candidates;

  /// How far the check got: when no branch of a oneOf matches, the branch that got furthest is the one meant.
  enum class progress : std::uint8_t { wrong_type, wrong_constant, wrong_shape, inside } reached;

  /// `found X; allowed: Y; did you mean 'Z'?` (parts that do not apply are left out).
  std::string message() const;
};

/// Checks `value` against `schema` and returns the first violation, or nothing.
///
/// The subset of JSON Schema: `type` (a name or a list), `properties`, `patternProperties`, `required`,
/// `additionalProperties` (false or a schema), `minProperties`, `maxProperties`, `enum`, `const`, `minimum`, `maximum`,
/// `exclusiveMinimum`, `minLength`, `maxLength`, `pattern` (found anywhere, so anchor it), `items`, `minItems`,
/// `maxItems`, `oneOf`, `anyOf`, `$ref` to `#/…`. Annotations: `$schema`, `$id`, `$defs`, `$comment`, `title` (used as
/// the phrase for what is allowed), `description`, `default`, `examples`. Any other keyword is a programming error:
/// std::logic_error.
std::optional<violation> validate(nlohmann::json const& value, nlohmann::json const& schema);

/// All of them: the same one first if there is one alone, and one for each member of a list or an object that breaks a
/// rule. Of a value that may have several forms, the first in the nearest of them.
std::vector<violation> all_violations(nlohmann::json const& value, nlohmann::json const& schema);

/// Whether the value at `at` has to be a whole number when it is a number, according to every branch of `schema` that
/// covers this place. False if the schema has no such place.
bool wants_whole_number(nlohmann::json const& schema, nlohmann::json::json_pointer const& at);

/// The part of `schema` that `node`, which is another part of it, stands for: follows `$ref`. Throws std::logic_error
/// for one that leads elsewhere.
nlohmann::json const& resolved(nlohmann::json const& schema, nlohmann::json const& node);

/// What a part of a schema that is no reference allows, as a phrase: its constants, or its title, or its type.
std::string allowed_by(nlohmann::json const& node);

/// A value as messages show it: scalars as JSON, cut when long; "an object", "a list".
std::string shown(nlohmann::json const& value);

}
