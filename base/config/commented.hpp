#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace config {

/// `value`, which `schema` allows, as a document for a person to change: JSON with comments, in which the schema's own
/// description stands before each key. `heading` comes first, as comments.
std::string commented(nlohmann::ordered_json const& value, nlohmann::json const& schema, std::string_view heading);

}
