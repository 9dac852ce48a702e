#include "base/config/document.hpp"

#include "base/config/reader.hpp"
#include "base/config/schema.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <system_error>
#include <utility>

namespace config {
namespace {

using nlohmann::json;

/// The names of the files next to `file`, to suggest one when it does not exist.
std::vector<std::string> siblings(std::filesystem::path const& file) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::path const directory = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end && names.size() < 1000;
       it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Reads at most one byte more than the limit, so that reading a pipe or a device ends as well.
std::string read_bounded(std::filesystem::path const& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw bad_input(file.string() + ": found a file that cannot be opened; allowed: a readable file");
  std::string text;
  char block[65536];
  while (text.size() <= max_document_bytes && (in.read(block, sizeof block) || in.gcount() > 0)) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

std::string shown_line(std::size_t line) { return line == 0 ? "--set" : std::to_string(line); }

/// One step of a `--set` path.
struct step {
  std::string key;
  std::size_t index = 0;
  bool is_index = false;
};

bad_input malformed_path(std::string const& place, std::string_view path) {
  return bad_input(place + ": found the path '" + std::string(path) +
                   "'; allowed: keys separated by '.', and [N] for list elements, such as topology.balancers[1].count");
}

/// Reads `[N]` at `at` and advances `at` past it.
step read_index(std::string_view path, std::size_t& at, std::string const& place) {
  std::size_t const end = path.find(']', at);
  if (end == std::string_view::npos || end == at + 1 || end - at > 9) throw malformed_path(place, path);
  step s;
  s.is_index = true;
  for (std::size_t i = at + 1; i < end; ++i) {
    if (std::isdigit(static_cast<unsigned char>(path[i])) == 0) throw malformed_path(place, path);
    s.index = s.index * 10 + static_cast<std::size_t>(path[i] - '0');
  }
  at = end + 1;
  return s;
}

/// Splits a dotted path, found at `place`; dots and brackets within braces (`thresholds.requests{phase:a.b}`) belong to
/// the key.
std::vector<step> split_path(std::string_view path, std::string const& place) {
  std::vector<step> steps;
  std::size_t at = 0;
  bool want_key = true;
  while (at < path.size()) {
    if (path[at] == '[' && !want_key) {
      steps.push_back(read_index(path, at, place));
      continue;
    }
    if (path[at] == '.' && !want_key) {
      want_key = true;
      ++at;
      continue;
    }
    if (!want_key) throw malformed_path(place, path);
    std::size_t const begin = at;
    for (int braces = 0; at < path.size() && (braces > 0 || (path[at] != '.' && path[at] != '[')); ++at) {
      if (path[at] == '{') ++braces;
      if (path[at] == '}') --braces;
    }
    if (at == begin) throw malformed_path(place, path);
    steps.push_back({std::string(path.substr(begin, at - begin)), 0, false});
    want_key = false;
  }
  if (want_key) throw malformed_path(place, path);
  return steps;
}

/// The value of a `--set`: parsed as strict JSON if it is JSON at all, else the text itself.
json override_value(std::string_view text) {
  if (json::accept(text)) return read_text(text, "--set").root;
  return json(std::string(text));
}

}

document document::load(std::filesystem::path const& file) {
  std::error_code error;
  auto const status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) {
    throw bad_input(file.string() + ": found no such file; allowed: an existing JSON file" +
                    did_you_mean(file.filename().string(), siblings(file)));
  }
  if (std::filesystem::is_directory(status)) {
    throw bad_input(file.string() + ": found a directory; allowed: a JSON file");
  }
  if (std::filesystem::is_regular_file(status)) {
    auto const bytes = std::filesystem::file_size(file, error);
    if (!error && bytes > max_document_bytes) {
      throw bad_input(file.string() + ": found " + std::to_string(bytes) + " bytes; allowed: at most " +
                      std::to_string(max_document_bytes));
    }
  }
  return parse(read_bounded(file), file.string());
}

document document::parse(std::string_view text, std::string name) {
  positioned_value value = read_text(text, name);
  document result;
  result.root_ = std::move(value.root);
  result.lines_ = std::move(value.lines);
  result.name_ = std::move(name);
  return result;
}

std::size_t document::line_of(json::json_pointer const& pointer) const {
  for (json::json_pointer at = pointer;; at = at.parent_pointer()) {
    if (auto const found = lines_.find(at.to_string()); found != lines_.end()) return found->second;
    if (at.empty()) return 1;
  }
}

void document::set(std::string_view assignment) {
  std::size_t const equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    throw bad_input(name_ + ":--set: found '" + std::string(assignment) + "'; allowed: PATH=VALUE");
  }
  set(assignment.substr(0, equals), override_value(assignment.substr(equals + 1)), 0);
}

json::json_pointer document::set(std::string_view path, json value, std::size_t line) {
  std::string const place = name_ + ":" + shown_line(line);
  json* at = &root_;
  json::json_pointer pointer;
  for (step const& s : split_path(path, place)) {
    std::string const where = pointer.empty() ? "the document" : dotted(pointer);
    if (s.is_index) {
      if (!at->is_array() || s.index >= at->size()) {
        throw bad_input(place + ": " + where + ": found index [" + std::to_string(s.index) + "]; allowed: " +
                        (!at->is_array() ? "no index, it is not a list"
                         : at->empty()   ? "none, the list is empty"
                                         : "[0] to [" + std::to_string(at->size() - 1) + "]"));
      }
      pointer /= s.index;
      at = &(*at)[s.index];
      continue;
    }
    if (at->is_null()) *at = json::object();
    if (!at->is_object()) {
      throw bad_input(place + ": " + where + ": found key '" + s.key + "'; allowed: " +
                      (at->is_array() ? "an index such as [0], it is a list" : "no key, it is " + shown(*at)));
    }
    pointer /= s.key;
    if (!at->contains(s.key)) lines_[pointer.to_string()] = line;
    at = &(*at)[s.key];
  }
  *at = std::move(value);
  std::string const prefix = pointer.to_string() + "/";
  std::erase_if(lines_, [&](auto const& known) { return known.first.starts_with(prefix); });
  lines_[pointer.to_string()] = line;
  return pointer;
}

void document::validate(json const& schema) const {
  if (auto const violation = config::validate(root_, schema)) throw error_at(violation->at, violation->message());
}

std::vector<std::string> document::broken_rules(json const& schema) const {
  std::vector<std::string> lines;
  for (violation const& one : all_violations(root_, schema)) lines.emplace_back(error_at(one.at, one.message()).what());
  return lines;
}

bad_input document::error_at(json::json_pointer const& pointer, std::string_view message) const {
  std::size_t const line = line_of(pointer);
  std::string const path = dotted(pointer);
  std::string text = name_ + ":" + shown_line(line) + ": " + (path.empty() ? "" : path + ": ") + std::string(message);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return bad_input(text);
}

std::string dotted(json::json_pointer const& pointer) {
  std::vector<std::string> tokens;
  for (json::json_pointer at = pointer; !at.empty(); at.pop_back()) tokens.push_back(at.back());
  std::string text;
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) {
    bool const index = !token->empty() && token->size() < 10 &&
                       std::all_of(token->begin(), token->end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (index) {
      text += "[" + *token + "]";
    } else {
      text += (text.empty() ? "" : ".") + token->substr(0, 80);
    }
  }
  return text;
}

}
