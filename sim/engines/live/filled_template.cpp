#include "sim/engines/live/filled_template.hpp"

#include "base/config/document.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace sim::live {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

struct placeholder {
  std::size_t begin = 0, end = 0; // braces included
  std::string_view name;
};

std::optional<placeholder> next_placeholder(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find("{{", from); at != std::string_view::npos; at = text.find("{{", at + 1)) {
    std::size_t end = at + 2;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end > at + 2 && text.substr(end, 2) == "}}") return placeholder{at, end + 2, text.substr(at + 2, end - at - 2)};
  }
  return std::nullopt;
}

std::string listed(std::vector<std::string> const& names) {
  std::string text;
  for (std::string const& name : names) text += (text.empty() ? "{{" : ", {{") + name + "}}";
  return text;
}

[[noreturn]] void refuse(std::string_view name, std::string const& where, template_values const& values) {
  std::vector<std::string> names;
  for (auto const& [known, value] : values.once) names.push_back(known);
  if (!values.each_proxy.empty())
    for (auto const& [known, value] : values.each_proxy.front()) names.push_back(known);
  std::string message = where + ": found the unknown placeholder {{";
  message.append(name).append("}}; allowed: ").append(listed(names));
  if (auto const near = config::nearest(name, names); !near.empty())
    message.append("; did you mean {{").append(near).append("}}?");
  throw config::bad_input(message);
}

/// Whether `text` has a placeholder of which each proxy has a value.
bool for_each_proxy(std::string_view text, template_values const& values) {
  if (values.each_proxy.empty()) return false;
  for (std::size_t at = 0; auto const found = next_placeholder(text, at); at = found->end)
    if (values.each_proxy.front().contains(found->name)) return true;
  return false;
}

std::string filled(std::string_view text, std::string const& where, template_values const& values, std::size_t proxy) {
  std::string result;
  std::size_t at = 0;
  while (auto const found = next_placeholder(text, at)) {
    result.append(text.substr(at, found->begin - at));
    at = found->end;
    if (auto const once = values.once.find(found->name); once != values.once.end()) {
      result += once->second();
      continue;
    }
    if (proxy >= values.each_proxy.size()) refuse(found->name, where, values);
    auto const own = values.each_proxy[proxy].find(found->name);
    if (own == values.each_proxy[proxy].end()) refuse(found->name, where, values);
    result += own->second;
  }
  return result.append(text.substr(at));
}

}

bool has_placeholder(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; auto const found = next_placeholder(text, at); at = found->end)
    if (found->name == name) return true;
  return false;
}

std::vector<std::string> fill_word(std::string_view word, std::string const& where, template_values const& values) {
  std::size_t const copies = for_each_proxy(word, values) ? values.each_proxy.size() : 1;
  std::vector<std::string> words;
  for (std::size_t proxy = 0; proxy < copies; ++proxy) words.push_back(filled(word, where, values, proxy));
  return words;
}

std::string fill_text(std::string_view text, std::string const& file, template_values const& values) {
  std::string result;
  std::size_t number = 1;
  for (std::size_t start = 0; start < text.size(); ++number) {
    std::size_t const end = std::min(text.find('\n', start), text.size());
    std::string_view const line = text.substr(start, end - start);
    start = end + 1;
    std::size_t const first = line.find_first_not_of(" \t");
    if (first != std::string_view::npos && line[first] == '#') {
      result.append(line).append("\n");
      continue;
    }
    for (std::string const& one : fill_word(line, file + ":" + std::to_string(number), values)) result += one + "\n";
  }
  return result;
}

}
