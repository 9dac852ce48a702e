#include "base/command_line/manual.hpp"
#include "base/config/joined.hpp"
#include "base/config/version.hpp"

#include <cstdint>
#include <cstdio>

namespace command_line {
namespace {

/// The code point at `at` of UTF-8 text, which moves behind it; what is not UTF-8 is taken byte by byte.
std::uint32_t next_character(std::string_view text, std::size_t& at) {
  auto const byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  std::uint32_t const first = byte(at++);
  std::size_t const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  if (more == 0 || at + more > text.size()) return first;
  std::uint32_t point = first & (0x3fu >> more);
  for (std::size_t i = 0; i < more; ++i) point = point << 6u | (byte(at++) & 0x3fu);
  return point;
}

/// Text that groff shows as it is.
std::string plain(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    bool const starts_line = out.empty() || out.back() == '\n';
    std::uint32_t const c = next_character(text, at);
    if (c > 126) {
      char escape[16];
      std::snprintf(escape, sizeof escape, "\\[u%04X]", static_cast<unsigned>(c));
      out += escape;
      continue;
    }
    if (starts_line && (c == '.' || c == '\'')) out += "\\&";
    switch (c) {
    case '\\':
      out += "\\e";
      break;
    case '-':
      out += "\\-";
      break;
    case '~':
      out += "\\(ti";
      break;
    case '^':
      out += "\\(ha";
      break;
    case '`':
      out += "\\(ga";
      break;
    case '\'':
      out += "\\(aq";
      break;
    default:
      out += static_cast<char>(c);
    }
  }
  return out;
}

/// The same, in which lines stay lines.
std::string lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t const end = text.find('\n');
    out += (out.empty() ? "" : ".br\n") + plain(text.substr(0, end)) + "\n";
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

std::string bold(std::string const& text) { return "\\fB" + plain(text) + "\\fR"; }
std::string italic(std::string const& text) { return "\\fI" + plain(text) + "\\fR"; }

/// "-c, --config FILE", or "FILE".
std::string tag_of(option_facts const& option) {
  if (option.names.empty()) return italic(option.label);
  std::string tag;
  for (std::string const& name : option.names) tag += (tag.empty() ? "" : ", ") + bold(name);
  if (!option.words.empty()) return tag + " " + plain(config::joined(option.words, "|"));
  return option.type.empty() ? tag : tag + " " + italic(option.type);
}

std::string described(option_facts const& option) {
  std::string text = lines(option.text);
  std::string facts;
  auto const add = [&facts](std::string const& fact) { facts += (facts.empty() ? "" : "; ") + fact; };
  if (option.required) add("required");
  if (!option.rule.empty()) add(option.rule);
  if (!option.preset.empty()) add("default: " + option.preset);
  if (!facts.empty()) text += plain("(" + facts + ")") + "\n";
  return ".TP\n" + tag_of(option) + "\n" + text;
}

/// "crest-sim run [OPTION]... FILE...".
std::string usage(std::string const& path, command_facts const& command) {
  std::string text = bold(path) + " [" + italic("OPTION") + "]...";
  for (option_facts const& option : command.options) {
    if (!option.names.empty()) continue;
    std::string const word = italic(option.label) + (option.repeats ? "..." : "");
    text += " " + (option.required ? word : "[" + word + "]");
  }
  if (!command.commands.empty()) text += " " + italic("COMMAND") + " ...";
  return text;
}

std::string options_of(command_facts const& command) {
  std::string text;
  for (option_facts const& option : command.options) text += described(option);
  return text;
}

/// A text without the words about exit codes at its end, which have a section of their own.
struct split_text {
  std::string text, exit_codes;
};
split_text split_at_exit_codes(std::string const& text) {
  constexpr std::string_view mark = "Exit codes: ";
  std::size_t const at = text.find(mark);
  if (at == std::string::npos) return {text, ""};
  std::string codes = text.substr(at + mark.size());
  for (char& c : codes)
    if (c == '\n') c = ' ';
  return {text.substr(0, at), codes};
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}

std::string man_page(command_facts const& program) {
  split_text const about = split_at_exit_codes(program.text), more = split_at_exit_codes(program.footer);
  std::string summary = first_line(about.text);
  if (std::string const prefix = program.name + ": "; summary.starts_with(prefix))
    summary = summary.substr(prefix.size());
  while (!summary.empty() && (summary.back() == '.' || summary.back() == ' ')) summary.pop_back();
  std::string page =
      ".TH " + plain(upper(program.name)) + " 1 \"\" \"CREST Lab " + plain(config::version) + "\" \"CREST Lab\"\n";
  page += ".SH NAME\n" + plain(program.name) + " \\- " + plain(summary) + "\n";
  page += ".SH SYNOPSIS\n" + usage(program.name, program) + "\n";
  page += ".SH DESCRIPTION\n" + lines(about.text) + (more.text.empty() ? "" : ".PP\n" + lines(more.text));
  page += ".SH OPTIONS\n" + options_of(program);
  if (!program.commands.empty()) page += ".SH COMMANDS\n";
  for (command_facts const& command : program.commands)
    page += ".SS " + plain(command.name) + "\n" + usage(program.name + " " + command.name, command) + "\n.PP\n" +
            lines(command.text) + options_of(command);
  std::string const codes = about.exit_codes + more.exit_codes;
  if (!codes.empty()) page += ".SH EXIT STATUS\n" + plain(codes) + "\n";
  page += ".SH SEE ALSO\n";
  std::string others;
  for (char const* const other : {"crest-sim", "crest-gateway", "crest-fakeproxy"})
    if (program.name != other) others += (others.empty() ? "" : ", ") + bold(other) + "(1)";
  return page + others + ";\nscenarios and all keys of configurations: README.md and docs/ of CREST Lab\n";
}

}
