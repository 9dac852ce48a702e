#include "base/config/nginx_syntax.hpp"

#include <algorithm>
#include <utility>

namespace config {
namespace {

constexpr std::string_view lua_block = "_by_lua_block";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class reader {
public:
  explicit reader(std::string_view text)
    : text_(text) {}

  nginx_text read() {
    while (skip_blanks(), at_ < text_.size()) step();
    finish(";", text_.size());
    if (!open_.empty()) complain("found no '}' for the block of " + result_.directives[open_.back()].name());
    return std::move(result_);
  }

private:
  void step() {
    switch (text_[at_]) {
    case '#':
      take_until(std::min(text_.find('\n', at_), text_.size()));
      break;
    case ';':
      if (words_.empty()) complain("found ';' with nothing before it");
      take_until(at_ + 1);
      finish("", at_);
      break;
    case '{':
      take_until(at_ + 1);
      open_block();
      break;
    case '}':
      finish(";", at_);
      take_until(at_ + 1);
      close_block();
      break;
    default:
      read_word();
    }
  }

  void skip_blanks() {
    std::size_t end = at_;
    while (end < text_.size() && is_blank(text_[end])) ++end;
    take_until(end);
  }

  void take_until(std::size_t end) {
    line_ += static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                 text_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    at_ = end;
  }

  void read_word() {
    nginx_word word{"", line_, at_, at_};
    char const quote = text_[at_] == '"' || text_[at_] == '\'' ? text_[at_] : '\0';
    std::size_t i = at_ + (quote != '\0' ? 1 : 0);
    for (; i < text_.size() && !(quote != '\0' ? text_[i] == quote : ends_word(i)); ++i) {
      bool const escape = text_[i] == '\\' && i + 1 < text_.size();
      if (escape && (text_[i + 1] == '"' || text_[i + 1] == '\'' || text_[i + 1] == '\\')) {
        ++i;
      } else if (escape) { // stays, as nginx has it
        word.text += text_[i++];
      }
      word.text += text_[i];
    }
    if (quote != '\0' && i == text_.size()) complain("found a quote that does not end");
    if (quote != '\0' && i < text_.size()) ++i;
    take_until(i);
    word.end = i;
    words_.push_back(std::move(word));
  }

  /// `${name}` is part of a word.
  bool ends_word(std::size_t i) const {
    char const c = text_[i];
    return is_blank(c) || c == ';' || (c == '{' && (i == 0 || text_[i - 1] != '$'));
  }

  /// Adds the directive that was read, if any. `missing`: what should have ended it.
  void finish(std::string_view missing, std::size_t end) {
    if (words_.empty()) return;
    if (!missing.empty()) complain("found no '" + std::string(missing) + "' behind " + words_.front().text);
    nginx_directive one;
    one.words = std::exchange(words_, {});
    one.parent = open_.empty() ? nginx_directive::top : open_.back();
    one.inside = one.end = end;
    result_.directives.push_back(std::move(one));
  }

  void open_block() {
    if (words_.empty()) {
      complain("found '{' with nothing before it");
      words_.push_back({"", line_, at_ - 1, at_ - 1});
    }
    bool const lua = words_.front().text.ends_with(lua_block);
    finish("", at_);
    result_.directives.back().has_block = true;
    open_.push_back(result_.directives.size() - 1);
    if (lua) skip_lua();
  }

  void close_block() {
    if (open_.empty()) return complain("found '}' with no block to end");
    result_.directives[open_.back()].end = at_;
    result_.directives[open_.back()].block_line = line_;
    open_.pop_back();
  }

  /// To the '}' that ends a block of Lua, which may have braces, quotes and semicolons of its own.
  void skip_lua() {
    std::size_t i = at_;
    for (std::size_t depth = 1; i < text_.size(); ++i) {
      char const c = text_[i];
      if (c == '{') ++depth;
      if (c == '}' && --depth == 0) break;
      if (text_.substr(i, 2) == "--" || c == '"' || c == '\'' || c == '[') i = end_of_lua_text(i) - 1;
    }
    take_until(std::min(i, text_.size()));
  }

  /// Behind the comment, string or bracket that begins at `i`.
  std::size_t end_of_lua_text(std::size_t i) const {
    bool const comment = text_[i] == '-';
    std::size_t const bracket = comment ? i + 2 : i;
    if (std::string const closing = long_bracket(bracket); !closing.empty())
      return behind(text_.find(closing, bracket), closing.size());
    if (comment) return std::min(text_.find('\n', i), text_.size());
    if (text_[i] == '[') return i + 1;
    std::size_t end = i + 1;
    while (end < text_.size() && text_[end] != text_[i] && text_[end] != '\n') end += text_[end] == '\\' ? 2 : 1;
    return std::min(end + 1, text_.size());
  }

  std::size_t behind(std::size_t found, std::size_t size) const {
    return found == std::string_view::npos ? text_.size() : found + size;
  }

  /// What ends the `[[` or `[==[` that begins at `i`; empty if none begins there.
  std::string long_bracket(std::size_t i) const {
    if (i >= text_.size() || text_[i] != '[') return "";
    std::size_t const end = std::min(text_.find_first_not_of('=', i + 1), text_.size());
    if (end == text_.size() || text_[end] != '[') return "";
    return "]" + std::string(end - i - 1, '=') + "]";
  }

  void complain(std::string problem) {
    if (!result_.problem.empty()) return;
    result_.problem = std::move(problem);
    result_.problem_line = line_;
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
  std::vector<nginx_word> words_;
  std::vector<std::size_t> open_; // indices of directives
  nginx_text result_;
};

}

nginx_text read_nginx(std::string_view text) { return reader(text).read(); }

}
