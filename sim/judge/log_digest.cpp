#include "sim/judge/log_digest.hpp"

#include <algorithm>
#include <array>

namespace sim::judge {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes what has the form away from the front of `text`: 'd' is a digit, others stand for themselves.
bool take(std::string_view& text, std::string_view form) {
  if (text.size() < form.size()) return false;
  for (std::size_t i = 0; i != form.size(); ++i)
    if (form[i] == 'd' ? !is_digit(text[i]) : form[i] != text[i]) return false;
  text.remove_prefix(form.size());
  return true;
}

void take_digits(std::string_view& text) {
  text.remove_prefix(static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin()));
}

/// "123#456: *789 " of nginx: process, thread and connection.
void take_numbers(std::string_view& text) {
  std::string_view rest = text;
  take_digits(rest);
  if (!take(rest, "#")) return;
  take_digits(rest);
  if (!take(rest, ": ")) return;
  text = rest;
  if (!take(rest, "*")) return;
  take_digits(rest);
  if (take(rest, " ")) text = rest;
}

/// HOST:PORT of the upstream that a line of nginx names, empty without one.
std::string_view upstream_in(std::string_view line) {
  constexpr std::string_view key = ", upstream: \"";
  std::size_t const at = line.find(key);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + key.size());
  std::size_t const scheme = line.find("://");
  if (scheme != std::string_view::npos) line.remove_prefix(scheme + 3);
  return line.substr(0, line.find_first_of("/\""));
}

void replace_all(std::string& text, std::string const& what, std::string const& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos;) {
    std::size_t const end = at + what.size();
    bool const is_whole = end == text.size() || !is_digit(text[end]); // else: the begin of a longer port
    if (is_whole) text.replace(at, what.size(), by);
    at = is_whole ? at + by.size() : end;
  }
}

}

std::string message_of(std::string_view line) {
  constexpr std::array<std::string_view, 3> unimportant = {"[debug] ", "[info] ", "[notice] "};
  if (take(line, "dddd/dd/dd dd:dd:dd ")) {
    if (std::any_of(unimportant.begin(), unimportant.end(), [&](auto level) { return line.starts_with(level); }))
      return {};
    std::string_view level = line.substr(0, std::min(line.size(), line.find(' ') + 1));
    line.remove_prefix(level.size());
    take_numbers(line);
    std::string_view const upstream = upstream_in(line);
    std::string text = std::string(level) + std::string(line.substr(0, line.find(", client: ")));
    return upstream.empty() ? text : text + ": " + std::string(upstream);
  }
  constexpr std::string_view ours = "crest-gateway: ";
  if (line.starts_with(ours)) line.remove_prefix(ours.size());
  return std::string(line);
}

void log_digest::add(std::string_view line) {
  std::string text = message_of(line);
  if (text.empty()) return;
  for (auto const& [address, name] : names_) replace_all(text, address, name);
  if (text.size() > most_bytes) text.resize(most_bytes);
  auto const same =
      std::find_if(first_.begin(), first_.end(), [&](records::log_message const& m) { return m.text == text; });
  if (same != first_.end())
    ++same->count;
  else if (first_.size() < most_messages)
    first_.push_back({std::move(text), 1});
  else
    ++others_;
}

std::vector<records::log_message> log_digest::messages() const {
  std::vector<records::log_message> all = first_;
  if (others_ != 0) all.push_back({"other messages", others_});
  return all;
}

}
