#include "base/config/schema_reference.hpp"

#include "base/config/schema.hpp"

#include <deque>
#include <map>
#include <vector>

namespace config {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// What GitHub makes of a heading.
std::string anchor_of(std::string const& heading) {
  std::string anchor;
  for (char const c : heading) {
    if (c >= 'A' && c <= 'Z') anchor += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-') anchor += c;
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

/// Within a cell of a table.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find_first_of("|\n", at)) != std::string::npos; at += 2)
    text.replace(at, 1, text[at] == '|' ? "\\|" : "  ");
  return text;
}

class page {
public:
  explicit page(ordered_json const& schema)
    : schema_(schema) {}

  std::string write(std::string const& made_by) {
    std::string const title = schema_.value("title", "schema");
    out_ = "# Reference: " + title + "\n\n<!-- " + made_by + " -->\n\n" + schema_.value("description", "") + "\n";
    write_keys(schema_, "");
    while (!waiting_.empty()) {
      section const next = waiting_.front();
      waiting_.pop_front();
      out_ += "\n## " + next.heading + "\n";
      if (std::string const text = next.node->value("description", ""); !text.empty()) out_ += "\n" + text + "\n";
      write_keys(*next.node, next.path);
    }
    return out_;
  }

private:
  struct section {
    std::string heading, path;
    ordered_json const* node;
  };

  ordered_json const& resolve(ordered_json const& node) const {
    ordered_json const* at = &node;
    while (at->contains("$ref"))
      at = &schema_.at(ordered_json::json_pointer((*at)["$ref"].get<std::string>().substr(1)));
    return *at;
  }

  void write_keys(ordered_json const& node, std::string const& path) {
    if (!node.contains("properties")) return;
    out_ += "\n| key | allowed | default | meaning |\n| --- | --- | --- | --- |\n";
    for (auto const& [key, written] : node["properties"].items()) {
      ordered_json const& rule = resolve(written);
      std::string const preset = written.contains("default") ? written["default"].dump()
                                 : rule.contains("default")  ? rule["default"].dump()
                                                             : "";
      bool needed = false;
      if (node.contains("required"))
        for (ordered_json const& one : node["required"]) needed = needed || one == key;
      out_ += "| `" + key + "` | " + cell(allowed(rule, path.empty() ? key : path + "." + key)) + " | " +
              (needed           ? std::string("required")
               : preset.empty() ? ""
                                : "`" + cell(preset) + "`") +
              " | " + cell(written.value("description", rule.value("description", ""))) + " |\n";
    }
  }

  /// In words, with a link where there is a section.
  std::string allowed(ordered_json const& rule, std::string const& path) {
    for (char const* keyword : {"oneOf", "anyOf"}) {
      if (!rule.contains(keyword)) continue;
      std::string text;
      for (ordered_json const& branch : rule[keyword])
        text += (text.empty() ? "" : " or ") + allowed(resolve(branch), path);
      return text;
    }
    if (rule.contains("properties") && !rule["properties"].empty()) return link_to(rule, path);
    if (rule.contains("items")) {
      ordered_json const& items = resolve(rule["items"]);
      if (!rule.contains("title") || items.contains("properties") || items.contains("oneOf"))
        return "a list of " + allowed(items, path + "[]");
    }
    if (rule.contains("additionalProperties") && rule["additionalProperties"].is_object() && !rule.contains("title"))
      return "an object, of each key: " + allowed(resolve(rule["additionalProperties"]), path + ".KEY");
    return allowed_by(json(rule));
  }

  std::string link_to(ordered_json const& rule, std::string const& path) {
    auto const [at, is_new] = headings_.insert({&rule, path + which(rule)});
    if (is_new) waiting_.push_back({at->second, path, &rule});
    return "[" + at->second + "](#" + anchor_of(at->second) + ")";
  }

  /// What tells one of several forms: " (kind: gateway)".
  std::string which(ordered_json const& rule) const {
    for (auto const& [key, written] : rule["properties"].items()) {
      ordered_json const& one = resolve(written);
      if (one.contains("const") && one["const"].is_string())
        return " (" + key + ": " + one["const"].get<std::string>() + ")";
    }
    return "";
  }

  ordered_json const& schema_;
  std::map<ordered_json const*, std::string> headings_; // of the objects that have a section
  std::deque<section> waiting_;
  std::string out_;
};

}

std::string reference_page(ordered_json const& schema, std::string const& made_by) {
  return page(schema).write(made_by);
}

}
