#include "base/config/template_text.hpp"

#include "base/config/joined.hpp"

#include <algorithm>

namespace config {
namespace {

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

bool is_comment(std::string_view line) {
  std::size_t const first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] == '#';
}

/// The name between braces that begins at `at`, with blanks around it; empty if there is none.
std::string_view name_at(std::string_view line, std::size_t at) {
  std::size_t const word = std::min(line.find_first_not_of(' ', at), line.size());
  std::size_t end = word;
  while (end < line.size() && is_word(line[end])) ++end;
  if (end == word) return {};
  end = std::min(line.find_first_not_of(' ', end), line.size());
  return line.substr(end, 2) == "}}" ? line.substr(at, end - at) : std::string_view();
}

/// Adds the placeholders of a line, or word, that begins at `start` of the text.
void find_in(std::string_view line, std::size_t start, std::size_t number, std::vector<placeholder>& all) {
  for (std::size_t at = line.find("{{"); at != std::string_view::npos; at = line.find("{{", at)) {
    std::string_view const name = name_at(line, at + 2);
    if (name.empty()) {
      std::size_t const word = std::min(line.find_first_not_of(' ', at + 2), line.size());
      at = word > at + 2 ? word : at + 1; // blanks are looked at once
      continue;
    }
    all.push_back({std::string(name), number, start + at, start + at + name.size() + 4});
    at += name.size() + 4;
  }
}

template<class Use>
void for_each_line(std::string_view text, Use&& use) {
  std::size_t number = 1;
  for (std::size_t start = 0; start < text.size(); ++number) {
    std::size_t const end = std::min(text.find('\n', start), text.size());
    use(text.substr(start, end - start), start, number);
    start = end + 1;
  }
}

std::string in_braces(std::string_view name) { return std::string("{{").append(name).append("}}"); }

std::string without_blanks(std::string const& name) {
  std::string text = name;
  std::erase(text, ' ');
  return text;
}

std::string listed(std::vector<std::string> names, char const* between) {
  for (std::string& name : names) name = in_braces(name);
  return joined(names, between);
}

std::string unknown(std::string const& where, placeholder const& one, template_values const& values) {
  std::vector<std::string> const names = values.names();
  std::string_view const near = nearest(without_blanks(one.name), names);
  return where + ": found the unknown placeholder " + in_braces(one.name) + "; allowed: " + listed(names, ", ") +
         (near.empty() ? "" : "; did you mean " + in_braces(near) + "?");
}

std::string place(std::string const& file, std::size_t line) { return file + ":" + std::to_string(line); }

/// `text` with the values of the thing `index`, where it has names of several.
std::string filled(std::string_view text, std::vector<placeholder> const& here, template_values const& values,
                   std::size_t index) {
  std::string result;
  std::size_t copied = 0;
  for (placeholder const& one : here) {
    result.append(text.substr(copied, one.begin - copied));
    copied = one.end;
    auto const once = values.once.find(one.name);
    result += once != values.once.end() ? once->second() : values.each[index].at(one.name);
  }
  return result.append(text.substr(copied));
}

/// A line or a word: one, or one for each.
std::vector<std::string> copies(std::string_view text, std::vector<placeholder> const& here, std::string const& where,
                                template_values const& values) {
  bool for_each = false;
  for (placeholder const& one : here) {
    if (!values.has(one.name)) throw bad_input(unknown(where, one, values));
    for_each = for_each || !values.once.contains(one.name);
  }
  std::vector<std::string> all;
  for (std::size_t index = 0; index != (for_each ? values.each.size() : 1); ++index)
    all.push_back(filled(text, here, values, index));
  return all;
}

}

std::vector<placeholder> placeholders_in(std::string_view text) {
  std::vector<placeholder> all;
  for_each_line(text, [&](std::string_view line, std::size_t start, std::size_t number) {
    if (!is_comment(line)) find_in(line, start, number, all);
  });
  return all;
}

std::vector<std::string> template_values::names() const {
  std::vector<std::string> all;
  for (auto const& [name, meaning] : once) all.push_back(name);
  if (!each.empty())
    for (auto const& [name, meaning] : each.front()) all.push_back(name);
  return all;
}

bool template_values::has(std::string_view name) const {
  return once.contains(name) || (!each.empty() && each.front().contains(name));
}

void check_placeholders(std::string_view text, std::string const& file, template_values const& values,
                        std::vector<needed_placeholder> const& needed, faults& found) {
  std::vector<placeholder> const all = placeholders_in(text);
  for (placeholder const& one : all)
    if (!values.has(one.name)) found.add(unknown(place(file, one.line), one, values));
  for (needed_placeholder const& one : needed) {
    bool const there = std::any_of(all.begin(), all.end(), [&one](placeholder const& p) {
      return std::find(one.any_of.begin(), one.any_of.end(), p.name) != one.any_of.end();
    });
    if (!there)
      found.add(file + ": found no " + listed(one.any_of, " and no ") + ", " + one.why +
                "; allowed: a template with it");
  }
}

void check_words(std::vector<std::string> const& words, std::string const& where, template_values const& values,
                 faults& found) {
  for (std::string const& word : words) {
    std::vector<placeholder> here;
    find_in(word, 0, 1, here);
    for (placeholder const& one : here)
      if (!values.has(one.name)) found.add(unknown(where, one, values));
  }
}

filled_text fill(std::string_view text, std::string const& file, template_values const& values) {
  filled_text result;
  for_each_line(text, [&](std::string_view line, std::size_t, std::size_t number) {
    std::vector<placeholder> here;
    if (!is_comment(line)) find_in(line, 0, number, here);
    for (std::string const& one : copies(line, here, place(file, number), values)) {
      result.text.append(one).append("\n");
      result.lines.insert(result.lines.end(), static_cast<std::size_t>(std::count(one.begin(), one.end(), '\n')) + 1,
                          number);
    }
  });
  return result;
}

std::vector<std::string> fill_words(std::vector<std::string> const& words, std::string const& where,
                                    template_values const& values) {
  std::vector<std::string> all;
  for (std::string const& word : words) {
    std::vector<placeholder> here;
    find_in(word, 0, 1, here);
    for (std::string& one : copies(word, here, where, values)) all.push_back(std::move(one));
  }
  return all;
}

}
