#include "base/config/commented.hpp"

#include "base/config/comment_lines.hpp"
#include "base/config/schema.hpp"

namespace config {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Whether `value` may be meant by `branch`: the constants that it names are there.
bool is_meant(ordered_json const& value, json const& schema, json const& branch) {
  if (branch.contains("type") && branch["type"].is_string()) {
    std::string const type = branch["type"];
    if (value.is_object() != (type == "object") || value.is_array() != (type == "array")) return false;
  }
  if (!value.is_object() || !branch.contains("properties")) return true;
  for (auto const& [key, member] : branch["properties"].items()) {
    json const& rule = resolved(schema, member);
    if (rule.contains("const") && value.contains(key) && json(value[key]) != rule["const"]) return false;
  }
  return true;
}

class writer {
public:
  explicit writer(json const& schema)
    : schema_(schema) {}

  std::string take() { return std::move(out_); }
  std::string& out() { return out_; }

  void write(ordered_json const& value, json const* written, std::string const& indent) {
    json const* const rule = written == nullptr ? nullptr : meant(value, *written);
    bool const has_keys = rule != nullptr && rule->contains("properties");
    if (value.is_object() && !value.empty() && (has_keys || value.size() > 1)) {
      write_object(value, rule, indent);
    } else if (value.is_array() && !value.empty() && value.front().is_object()) {
      write_list(value, rule, indent);
    } else {
      write_short(value);
    }
  }

private:
  /// The part of the schema that `value` follows; of several forms, the first that may be meant.
  json const* meant(ordered_json const& value, json const& written) const {
    json const& rule = resolved(schema_, written);
    if (!rule.contains("oneOf")) return &rule;
    for (json const& branch : rule["oneOf"]) {
      json const& one = resolved(schema_, branch);
      json const* const found = one.contains("oneOf")           ? meant(value, one)
                                : is_meant(value, schema_, one) ? &one
                                                                : nullptr;
      if (found != nullptr) return found;
    }
    return nullptr;
  }

  void write_object(ordered_json const& value, json const* rule, std::string const& indent) {
    std::string const inner = indent + "  ";
    out_ += "{\n";
    bool first = true;
    for (auto const& [key, member] : value.items()) {
      if (!first) out_ += ",\n";
      first = false;
      json const* const written = rule_of(rule, key);
      append_comment(out_, described(written), inner + "// ", inner + "// ");
      out_ += inner + json(key).dump() + ": ";
      write(member, written, inner);
    }
    out_ += "\n" + indent + "}";
  }

  void write_list(ordered_json const& value, json const* rule, std::string const& indent) {
    std::string const inner = indent + "  ";
    json const* const items = rule != nullptr && rule->contains("items") ? &(*rule)["items"] : nullptr;
    out_ += "[";
    for (std::size_t i = 0; i < value.size(); ++i) {
      out_ += (i == 0 ? "\n" : ",\n") + inner;
      write(value[i], items, inner);
    }
    out_ += "\n" + indent + "]";
  }

  /// On one line, with blanks behind commas and colons.
  void write_short(ordered_json const& value) {
    if (value.is_object()) {
      char const* between = "{";
      for (auto const& [key, member] : value.items()) {
        out_ += between + json(key).dump() + ": ";
        write_short(member);
        between = ", ";
      }
      out_ += value.empty() ? "{}" : "}";
    } else if (value.is_array()) {
      char const* between = "[";
      for (ordered_json const& member : value) {
        out_ += between;
        write_short(member);
        between = ", ";
      }
      out_ += value.empty() ? "[]" : "]";
    } else {
      out_ += value.dump();
    }
  }

  static json const* rule_of(json const* rule, std::string const& key) {
    if (rule == nullptr || !rule->contains("properties") || !(*rule)["properties"].contains(key)) return nullptr;
    return &(*rule)["properties"][key];
  }

  /// A description beside a reference is of this place, and comes before that of what it leads to.
  std::string described(json const* written) const {
    if (written == nullptr) return "";
    return written->value("description", resolved(schema_, *written).value("description", ""));
  }

  json const& schema_;
  std::string out_;
};

}

std::string commented(ordered_json const& value, json const& schema, std::string_view heading) {
  writer text(schema);
  append_comment(text.out(), heading, "// ", "// ");
  text.write(value, &schema, "");
  return text.take() + "\n";
}

}
