#include "base/config/schema.hpp"

#include "base/config/document.hpp"
#include "base/config/faults.hpp"
#include "base/config/joined.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>

namespace config {
namespace {

using nlohmann::json;
using progress = violation::progress;

/// Strings longer than this match no pattern: std::regex recurses once per character.
constexpr std::size_t max_pattern_subject = 2000;

/// Each pattern is compiled once per thread: a sweep checks thousands of documents against one schema.
std::regex const& compiled(std::string const& pattern) {
  thread_local std::map<std::string, std::regex> known;
  auto const found = known.find(pattern);
  return found != known.end() ? found->second : known.emplace(pattern, std::regex(pattern)).first->second;
}

std::string shown_type(std::string_view type) {
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "string") return "a string";
  if (type == "boolean") return "true or false";
  if (type == "object") return "an object";
  if (type == "array") return "a list";
  return "null";
}

bool is_type(json const& value, std::string_view type) {
  if (type == "integer") {
    // 3.0 is a whole number as well, but beyond 2^53 a double no longer says which.
    if (!value.is_number_float()) return value.is_number_integer();
    double const number = value.get<double>();
    return std::abs(number) <= 0x1p53 && std::nearbyint(number) == number;
  }
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "null") return value.is_null();
  throw std::logic_error("schema: unknown type '" + std::string(type) + "'");
}

std::vector<std::string> types_of(json const& schema) {
  json const& type = schema.at("type");
  if (type.is_string()) return {type.get<std::string>()};
  return type.get<std::vector<std::string>>();
}

std::string range_of(json const& schema) {
  std::string text;
  bool const low = schema.contains("minimum"), high = schema.contains("maximum");
  if (schema.contains("exclusiveMinimum")) text += " greater than " + schema["exclusiveMinimum"].dump();
  if (low && high) return text + " from " + schema["minimum"].dump() + " to " + schema["maximum"].dump();
  if (low) text += " of at least " + schema["minimum"].dump();
  if (high) text += (text.empty() ? " of at most " : " and at most ") + schema["maximum"].dump();
  return text;
}

/// What a schema node allows, as a phrase; the title where the author gave one.
std::string phrase(json const& schema) {
  if (schema.contains("title")) return schema["title"].get<std::string>();
  if (!schema.contains("type")) return "another value";
  std::string text;
  for (std::string const& type : types_of(schema)) {
    text += (text.empty() ? "" : " or ") + shown_type(type);
    if (type == "integer" || type == "number") text += range_of(schema);
  }
  if (schema.value("minLength", 0) > 0) text += " that is not empty";
  return text;
}

std::vector<std::string> keys_of(json const& object) {
  std::vector<std::string> keys;
  for (auto const& item : object.items()) keys.push_back(item.key());
  return keys;
}

class validator {
public:
  explicit validator(json const& root)
    : root_(root) {}

  std::optional<violation> check(json const& value, json const& written, json::json_pointer const& at) const {
    json const& schema = resolve(written);
    if (auto v = check_type(value, schema, at)) return v;
    if (auto v = check_constants(value, schema, at)) return v;
    if (value.is_number()) {
      if (auto v = check_number(value, schema, at)) return v;
    }
    if (value.is_string()) {
      if (auto v = check_string(value, schema, at)) return v;
    }
    if (value.is_array()) {
      if (auto v = check_array(value, schema, at)) return v;
    }
    if (value.is_object()) {
      if (auto v = check_object(value, schema, at)) return v;
    }
    for (char const* keyword : {"oneOf", "anyOf"}) {
      if (!schema.contains(keyword)) continue;
      if (auto v = check_branches(value, schema[keyword], keyword == std::string_view("oneOf"), at)) return v;
    }
    return std::nullopt;
  }

  /// Adds each place in `value` that breaks a rule: of lists and objects, those in their members and their own.
  void collect(json const& value, json const& written, json::json_pointer const& at,
               std::vector<violation>& all) const {
    if (all.size() >= faults::most) return;
    auto first = check(value, written, at);
    if (!first) return;
    json const& schema = resolve(written);
    std::size_t const before = all.size();
    if (value.is_array() && schema.contains("items")) {
      for (std::size_t i = 0; i < value.size(); ++i) collect(value[i], schema["items"], at / i, all);
    }
    if (value.is_object() && schema.contains("properties")) {
      collect_members(value, schema, at, all);
      if (auto v = check_required(value, schema, at)) all.push_back(std::move(*v));
    }
    if (all.size() == before) all.push_back(std::move(*first)); // its own, or of a branch
  }

  /// The types that `written` and all its branches allow for the value at `steps`, starting at `depth`.
  void collect_types(json const& written, std::vector<std::string> const& steps, std::size_t depth,
                     std::set<std::string>& types) const {
    json const& schema = resolve(written);
    for (char const* keyword : {"oneOf", "anyOf"}) {
      if (!schema.contains(keyword)) continue;
      for (json const& branch : schema[keyword]) collect_types(branch, steps, depth, types);
    }
    if (depth == steps.size()) {
      if (schema.contains("type")) {
        for (std::string& type : types_of(schema)) types.insert(std::move(type));
      }
    } else if (schema.contains("properties") && schema["properties"].contains(steps[depth])) {
      collect_types(schema["properties"][steps[depth]], steps, depth + 1, types);
    } else if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object()) {
      collect_types(schema["additionalProperties"], steps, depth + 1, types);
    } else if (schema.contains("items")) {
      collect_types(schema["items"], steps, depth + 1, types);
    }
  }

private:
  void collect_members(json const& value, json const& schema, json::json_pointer const& at,
                       std::vector<violation>& all) const {
    json const& properties = schema["properties"];
    for (auto const& [key, member] : value.items()) {
      if (properties.contains(key)) {
        collect(member, properties[key], at / key, all);
        continue;
      }
      if (auto v = check_unlisted(key, member, schema, at)) all.push_back(std::move(*v));
    }
  }

  json const& resolve(json const& schema) const { return resolved(root_, schema); }

  static violation broken(json::json_pointer const& at, json const& value, std::string allowed, progress reached) {
    return {at, shown(value), {std::move(allowed)}, "", {}, reached};
  }

  static std::optional<violation> check_type(json const& value, json const& schema, json::json_pointer const& at) {
    if (!schema.contains("type")) return std::nullopt;
    auto const types = types_of(schema);
    if (std::any_of(types.begin(), types.end(), [&](std::string const& type) { return is_type(value, type); })) {
      return std::nullopt;
    }
    return broken(at, value, phrase(schema), progress::wrong_type);
  }

  static std::optional<violation> check_constants(json const& value, json const& schema, json::json_pointer const& at) {
    json allowed = json::array();
    if (schema.contains("enum")) allowed = schema["enum"];
    if (schema.contains("const")) allowed.push_back(schema["const"]);
    if (allowed.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return std::nullopt;
    violation v{at, shown(value), {}, "", {}, progress::wrong_constant};
    bool same_type = false;
    for (json const& constant : allowed) {
      v.allowed.push_back(shown(constant));
      if (constant.is_string()) v.candidates.push_back(constant.get<std::string>());
      same_type = same_type || constant.type() == value.type();
    }
    if (value.is_string()) v.word = value.get<std::string>();
    if (!same_type) v.reached = progress::wrong_type;
    return v;
  }

  static std::optional<violation> check_number(json const& value, json const& schema, json::json_pointer const& at) {
    double const number = value.get<double>();
    bool const good = (!schema.contains("minimum") || number >= schema["minimum"].get<double>()) &&
                      (!schema.contains("maximum") || number <= schema["maximum"].get<double>()) &&
                      (!schema.contains("exclusiveMinimum") || number > schema["exclusiveMinimum"].get<double>());
    if (good) return std::nullopt;
    return broken(at, value, phrase(schema), progress::wrong_shape);
  }

  static std::optional<violation> check_string(json const& value, json const& schema, json::json_pointer const& at) {
    auto const& text = value.get_ref<std::string const&>();
    if (text.size() < schema.value("minLength", std::size_t{0}))
      return broken(at, value, phrase(schema), progress::wrong_shape);
    if (schema.contains("maxLength") && text.size() > schema["maxLength"].get<std::size_t>()) {
      return broken(at, value, "a string of at most " + schema["maxLength"].dump() + " bytes", progress::wrong_shape);
    }
    if (!schema.contains("pattern")) return std::nullopt;
    bool const matches =
        text.size() <= max_pattern_subject && std::regex_search(text, compiled(schema["pattern"].get<std::string>()));
    if (matches) return std::nullopt;
    std::string const allowed =
        schema.contains("title") ? phrase(schema) : "a string that matches " + schema["pattern"].get<std::string>();
    return broken(at, value, allowed, progress::wrong_shape);
  }

  std::optional<violation> check_array(json const& value, json const& schema, json::json_pointer const& at) const {
    if (value.size() < schema.value("minItems", std::size_t{0}) ||
        (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>())) {
      std::string allowed = "a list of ";
      if (schema.contains("minItems")) allowed += "at least " + schema["minItems"].dump();
      if (schema.contains("maxItems")) {
        allowed += (schema.contains("minItems") ? " and at most " : "at most ") + schema["maxItems"].dump();
      }
      violation v = broken(at, value, allowed, progress::wrong_shape);
      v.found = "a list of " + std::to_string(value.size());
      return v;
    }
    if (!schema.contains("items")) return std::nullopt;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto v = check(value[i], schema["items"], at / i)) return deeper(std::move(*v));
    }
    return std::nullopt;
  }

  static violation deeper(violation v) {
    if (v.reached != progress::wrong_constant) v.reached = progress::inside;
    return v;
  }

  std::optional<violation> check_object(json const& value, json const& schema, json::json_pointer const& at) const {
    static json const none = json::object();
    json const& properties = schema.contains("properties") ? schema["properties"] : none;
    // Constants first: they say which branch of a oneOf is meant, and so which keys are allowed.
    for (bool const constants : {true, false}) {
      for (auto const& [key, member] : value.items()) {
        if (!properties.contains(key) || resolve(properties[key]).contains("const") != constants) continue;
        if (auto v = check(member, properties[key], at / key)) return deeper(std::move(*v));
      }
    }
    for (auto const& [key, member] : value.items()) {
      if (properties.contains(key)) continue;
      if (auto v = check_unlisted(key, member, schema, at)) return v;
    }
    return check_required(value, schema, at);
  }

  /// A member whose key is not among the schema's `properties`.
  std::optional<violation> check_unlisted(std::string const& key, json const& member, json const& schema,
                                          json::json_pointer const& at) const {
    static json const none = json::object();
    json const& patterns = schema.contains("patternProperties") ? schema["patternProperties"] : none;
    bool known = false;
    for (auto const& [pattern, sub] : patterns.items()) {
      if (key.size() > max_pattern_subject || !std::regex_search(key, compiled(pattern))) continue;
      known = true;
      if (auto v = check(member, sub, at / key)) return deeper(std::move(*v));
    }
    if (known || !schema.contains("additionalProperties")) return std::nullopt;
    json const& additional = schema["additionalProperties"];
    if (additional.is_object()) {
      if (auto v = check(member, additional, at / key)) return deeper(std::move(*v));
    } else if (!additional.get<bool>()) {
      std::vector<std::string> keys = schema.contains("properties") ? keys_of(schema["properties"]) : keys_of(none);
      return violation{at / key, "an unknown key", keys, key, keys, progress::wrong_shape};
    }
    return std::nullopt;
  }

  static std::optional<violation> check_required(json const& value, json const& schema, json::json_pointer const& at) {
    if (schema.contains("required")) {
      for (json const& key : schema["required"]) {
        if (value.contains(key.get<std::string>())) continue;
        return violation{at,
                         "no key '" + key.get<std::string>() + "'",
                         {"an object with " + joined(schema["required"].get<std::vector<std::string>>())},
                         "",
                         {},
                         progress::wrong_shape};
      }
    }
    if (schema.contains("maxProperties") && value.size() > schema["maxProperties"].get<std::size_t>()) {
      violation v = broken(at, value, phrase(schema), progress::wrong_shape);
      v.found = "an object with " + std::to_string(value.size()) + " keys";
      return v;
    }
    if (value.size() < schema.value("minProperties", std::size_t{0})) {
      return broken(at, value, "an object with at least " + schema["minProperties"].dump() + " keys",
                    progress::wrong_shape);
    }
    return std::nullopt;
  }

  std::optional<violation> check_branches(json const& value, json const& branches, bool exactly_one,
                                          json::json_pointer const& at) const {
    std::optional<violation> best;
    std::size_t matches = 0;
    for (json const& branch : branches) {
      auto v = check(value, branch, at);
      if (!v) {
        ++matches;
        continue;
      }
      bool const same_place = best && best->at == v->at;
      bool const both_near =
          same_place && value.is_primitive() && std::min(v->reached, best->reached) > progress::wrong_type;
      bool const both_far = same_place && v->reached == best->reached && v->reached <= progress::wrong_constant;
      if (!best || v->reached > best->reached) std::swap(best, v);
      if (both_near || both_far) add_alternatives(*best, *v);
    }
    if (matches == 1 || (matches > 1 && !exactly_one)) return std::nullopt;
    if (matches > 1) return broken(at, value, "only one of the forms that it matches", progress::wrong_shape);
    bool const nearest_is_here = best && best->at == at && best->reached > progress::wrong_type && value.is_primitive();
    if (nearest_is_here) add_other_types(*best, value, branches, at);
    return best;
  }

  static void add_alternatives(violation& to, violation const& from) {
    for (std::string const& phrase : from.allowed) {
      if (std::find(to.allowed.begin(), to.allowed.end(), phrase) == to.allowed.end()) to.allowed.push_back(phrase);
    }
    to.candidates.insert(to.candidates.end(), from.candidates.begin(), from.candidates.end());
    if (to.word.empty()) to.word = from.word;
  }

  /// A value of the right type is the nearest miss, but the branches of other types are allowed as well.
  void add_other_types(violation& to, json const& value, json const& branches, json::json_pointer const& at) const {
    for (json const& branch : branches) {
      auto const v = check(value, branch, at);
      if (v && v->reached == progress::wrong_type && v->at == at) add_alternatives(to, *v);
    }
  }

  json const& root_;
};

/// Refuses keywords that the validator does not know, so that a schema never promises more than is checked.
void check_keywords(json const& schema) {
  static std::set<std::string, std::less<>> const known = {"type",
                                                           "properties",
                                                           "patternProperties",
                                                           "required",
                                                           "additionalProperties",
                                                           "minProperties",
                                                           "maxProperties",
                                                           "enum",
                                                           "const",
                                                           "minimum",
                                                           "maximum",
                                                           "exclusiveMinimum",
                                                           "minLength",
                                                           "maxLength",
                                                           "pattern",
                                                           "items",
                                                           "minItems",
                                                           "maxItems",
                                                           "oneOf",
                                                           "anyOf",
                                                           "$ref",
                                                           "$schema",
                                                           "$id",
                                                           "$defs",
                                                           "$comment",
                                                           "title",
                                                           "description",
                                                           "default",
                                                           "examples"};
  if (!schema.is_object()) throw std::logic_error("schema: " + schema.dump() + " is not an object");
  for (auto const& [key, value] : schema.items()) {
    if (!known.contains(key)) throw std::logic_error("schema: unsupported keyword '" + key + "'");
    if (key == "properties" || key == "patternProperties" || key == "$defs") {
      for (auto const& item : value.items()) check_keywords(item.value());
    } else if (key == "oneOf" || key == "anyOf") {
      for (json const& branch : value) check_keywords(branch);
    } else if (key == "items" || (key == "additionalProperties" && !value.is_boolean())) {
      check_keywords(value);
    }
  }
}

}

json const& resolved(json const& schema, json const& node) {
  json const* at = &node;
  for (int steps = 0; at->contains("$ref"); ++steps) {
    auto const reference = (*at)["$ref"].get<std::string>();
    if (!reference.starts_with('#') || steps > 16) throw std::logic_error("schema: $ref '" + reference + "'");
    at = &schema.at(json::json_pointer(reference.substr(1)));
  }
  return *at;
}

std::string allowed_by(json const& node) {
  if (node.contains("const")) return shown(node["const"]);
  if (!node.contains("enum")) return phrase(node);
  std::vector<std::string> values;
  for (json const& value : node["enum"]) values.push_back(shown(value));
  return joined(values);
}

std::optional<violation> validate(json const& value, json const& schema) {
  check_keywords(schema);
  return validator(schema).check(value, schema, json::json_pointer());
}

std::vector<violation> all_violations(json const& value, json const& schema) {
  check_keywords(schema);
  std::vector<violation> all;
  validator(schema).collect(value, schema, json::json_pointer(), all);
  return all;
}

bool wants_whole_number(json const& schema, json::json_pointer const& at) {
  std::vector<std::string> steps;
  for (json::json_pointer rest = at; !rest.empty(); rest.pop_back()) steps.push_back(rest.back());
  std::reverse(steps.begin(), steps.end());
  std::set<std::string> types;
  validator(schema).collect_types(schema, steps, 0, types);
  return types.contains("integer") && !types.contains("number");
}

std::string violation::message() const {
  std::string text = "found " + found;
  if (!allowed.empty()) text += "; allowed: " + joined(allowed);
  return text + did_you_mean(word, candidates);
}

std::string shown(json const& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() > 60 ? text.substr(0, 57) + "…" + (value.is_string() ? "\"" : "") : text;
}
}
