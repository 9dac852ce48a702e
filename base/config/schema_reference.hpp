#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace config {

/// A schema as a page for people, in Markdown: of each object a section with a table of its keys, what is allowed, the
/// default and the description, in the order of the schema. Objects that several keys have in common stand once.
/// `made_by` is a comment at its head. Ordered, since the order is part of what a person reads.
std::string reference_page(nlohmann::ordered_json const& schema, std::string const& made_by);

}
