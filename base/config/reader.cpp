#include "base/config/reader.hpp"

#include "base/config/document.hpp"
#include "base/config/text_position.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

namespace config {
namespace {

using nlohmann::json;

/// The bytes in a form that can be shown in a one-line message.
std::string printable(std::string_view bytes) {
  std::string out;
  for (char const c : bytes.substr(0, 40)) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02X", byte);
      out += escaped;
    }
  }
  return bytes.size() > 40 ? out + "…" : out;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// What is allowed where the parser stopped, from the context that nlohmann names in its message.
std::string_view allowed_in(std::string_view message) {
  if (contains(message, "while parsing object key")) return "a key in double quotes, or '}'";
  if (contains(message, "while parsing object separator")) return "':' after the key";
  if (contains(message, "while parsing object")) return "',' or '}'";
  if (contains(message, "while parsing array")) return "',' or ']'";
  if (contains(message, "expected end of input")) return "nothing after the document's end";
  return "an object, a list, a string in double quotes, a number, true, false or null";
}

/// The lexer's own message, if it says more than the token.
std::optional<std::string_view> lexical_finding(std::string_view message) {
  if (contains(message, "missing closing quote")) return "a string without its closing quote";
  if (contains(message, "control character")) return "a control character inside a string";
  if (contains(message, "ill-formed UTF-8")) return "bytes that are not UTF-8";
  if (contains(message, "invalid comment")) return "a comment that does not end, or a lone '/'";
  if (contains(message, "surrogate") || contains(message, "'\\u'")) return "a broken \\u escape";
  if (contains(message, "forbidden character after backslash")) return "an unknown escape after '\\'";
  if (contains(message, "invalid number")) return "a malformed number";
  if (contains(message, "number overflow")) return "a number that is too large";
  return std::nullopt;
}

/// Builds the value, records lines, and refuses what the JSON grammar allows but a document may not have: duplicate
/// keys, deep nesting.
class builder : public nlohmann::json_sax<json> {
public:
  builder(std::string_view text, std::string const& name, std::size_t const& consumed)
    : text_(text)
    , name_(name)
    , consumed_(consumed)
    , counter_(text) {}

  positioned_value take() { return std::move(result_); }

  bool null() override { return scalar(json(nullptr)); }
  bool boolean(bool value) override { return scalar(json(value)); }
  bool number_integer(number_integer_t value) override { return scalar(json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(json(value)); }
  bool number_float(number_float_t value, string_t const&) override { return scalar(json(value)); }
  bool string(string_t& value) override { return scalar(json(std::move(value))); }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& value) override {
    std::size_t const line = current_line();
    json::json_pointer const at = here() / value;
    if (containers_.back()->contains(value)) {
      fail(line, at,
           "found the key '" + printable(value) + "' a second time; allowed: once (first on line " +
               std::to_string(result_.lines.at(at.to_string())) + ")");
    }
    key_ = value;
    key_waits_ = true;
    result_.lines[at.to_string()] = line;
    return true;
  }

  bool parse_error(std::size_t position, std::string const&, nlohmann::detail::exception const& error) override {
    std::string_view const message = error.what();
    std::size_t const offset = std::min(position == 0 ? 0 : position - 1, text_.size());
    std::string const token = token_at(offset);
    std::string const place = ", column " + std::to_string(column_of(offset));
    std::size_t const line = line_of(offset);
    if (contains(message, "unexpected end of input")) {
      fail(line, unread(), "found the end of the file; allowed: " + std::string(allowed_in(message)));
    }
    if (auto const finding = lexical_finding(message)) {
      fail(line, unread(),
           "found " + std::string(*finding) + (token.empty() ? "" : " ('" + printable(token) + "'" + place + ")") +
               "; allowed: JSON");
    }
    if (after_comma(token, message)) {
      fail(line, unread(),
           "found a trailing comma before '" + token + "'" + place + "; allowed: no comma after the last one");
    }
    fail(line, unread(), "found '" + printable(token) + "'" + place + "; allowed: " + std::string(allowed_in(message)));
  }

private:
  [[noreturn]] void fail(std::size_t line, json::json_pointer const& at, std::string const& message) const {
    std::string const path = printable_path(at);
    throw bad_input(name_ + ":" + std::to_string(line) + ": " + (path.empty() ? "" : path + ": ") + message);
  }

  static std::string printable_path(json::json_pointer const& at) {
    std::string path;
    for (char const c : dotted(at)) path += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    return path;
  }

  std::size_t line_of(std::size_t offset) const {
    return 1 + static_cast<std::size_t>(
                   std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
  }

  std::size_t column_of(std::size_t offset) const {
    std::size_t const newline = offset == 0 ? std::string_view::npos : text_.rfind('\n', offset - 1);
    return newline == std::string_view::npos ? offset + 1 : offset - newline;
  }

  /// The token that ends at `offset`. (The parser's own account of it is off by one token after numbers.)
  std::string token_at(std::size_t offset) const {
    std::string_view const ends = "{}[]:, \t\r\n";
    if (offset >= text_.size()) return "";
    if (ends.find(text_[offset]) != std::string_view::npos) return std::string(1, text_[offset]);
    std::size_t const before = text_.find_last_of(ends, offset);
    std::size_t const begin = before == std::string_view::npos ? 0 : before + 1;
    return std::string(text_.substr(begin, offset - begin + 1));
  }

  /// Whether the parser met `token` where it expected one more element: there was a comma before it.
  bool after_comma(std::string_view token, std::string_view message) const {
    if (containers_.empty()) return false;
    return containers_.back()->is_array() ? token == "]" && contains(message, "while parsing value")
                                          : token == "}" && contains(message, "while parsing object key");
  }

  /// The line of the token just read; a number's token ends one character early.
  std::size_t current_line() {
    std::size_t last = consumed_ == 0 ? 0 : consumed_ - 1;
    if (last > 0 && (text_[last] == '\n' || text_[last] == '\r')) --last;
    return counter_.line_at(last);
  }

  json::json_pointer here() const {
    json::json_pointer at;
    for (std::string const& token : path_) at /= token;
    return at;
  }

  /// Where the parser stopped: at the key whose value it waits for, or in the innermost container.
  json::json_pointer unread() const { return key_waits_ ? here() / key_ : here(); }

  /// Puts `value` where it belongs and returns its place.
  json* place(json&& value) {
    key_waits_ = false;
    if (containers_.empty()) {
      result_.root = std::move(value);
      result_.lines[""] = current_line();
      return &result_.root;
    }
    json& parent = *containers_.back();
    if (parent.is_object()) {
      path_.push_back(key_);
      return &(parent[key_] = std::move(value));
    }
    path_.push_back(std::to_string(parent.size()));
    result_.lines[here().to_string()] = current_line();
    parent.push_back(std::move(value));
    return &parent.back();
  }

  void leave() {
    if (!path_.empty()) path_.pop_back();
  }

  bool scalar(json&& value) {
    place(std::move(value));
    leave();
    return true;
  }

  bool open(json&& value) {
    if (containers_.size() >= max_depth) {
      fail(current_line(), here(), "found nesting deeper than " + std::to_string(max_depth) + "; allowed: less");
    }
    containers_.push_back(place(std::move(value)));
    return true;
  }

  bool close() {
    containers_.pop_back();
    leave();
    return true;
  }

  std::string_view text_;
  std::string const& name_;
  std::size_t const& consumed_;
  line_counter counter_;
  positioned_value result_;
  std::vector<json*> containers_;
  std::vector<std::string> path_; // of the innermost open container
  std::string key_;
  bool key_waits_ = false; // its value has not begun
};

}

positioned_value read_text(std::string_view text, std::string const& name) {
  if (text.size() > max_document_bytes) {
    throw bad_input(name + ": found " + std::to_string(text.size()) + " bytes; allowed: at most " +
                    std::to_string(max_document_bytes));
  }
  if (text.find('\0') != std::string_view::npos) {
    throw bad_input(name + ":1: found a zero byte, so this is not text; allowed: JSON with comments");
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw bad_input(name + ":1: found an empty file; allowed: a JSON object");
  }
  std::size_t consumed = 0;
  builder sax(text, name, consumed);
  char const* const begin = text.data();
  json::sax_parse(counting_iterator(begin, begin, consumed), counting_iterator(begin, begin + text.size(), consumed),
                  &sax, json::input_format_t::json, true, true);
  return sax.take();
}

}
