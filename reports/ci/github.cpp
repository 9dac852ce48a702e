#include "reports/ci/ci.hpp"
#include "reports/wording.hpp"

namespace reports::ci {
namespace {

/// What the runner decodes in the text behind the second "::"; of properties, ':' and ',' as well.
std::string escaped(std::string_view text, bool property) {
  std::string out;
  for (char const c : valid_utf8(text)) {
    switch (c) {
    case '%':
      out += "%25";
      break;
    case '\r':
      out += "%0D";
      break;
    case '\n':
      out += "%0A";
      break;
    case ':':
      out += property ? "%3A" : ":";
      break;
    case ',':
      out += property ? "%2C" : ",";
      break;
    default:
      out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  return out;
}

std::string_view command_of(finding about) {
  switch (about) {
  case finding::threshold:
  case finding::invariant:
  case finding::invalid:
  case finding::could_not_run:
    return "error";
  case finding::interrupted:
    return "warning";
  case finding::retried:
    return "notice";
  }
  return "error";
}

}

std::string workflow_commands(std::vector<annotation> const& annotations) {
  std::string out;
  for (annotation const& a : annotations)
    out += "::" + std::string(command_of(a.about)) + " file=" + escaped(a.file, true) +
           (a.line > 0 ? ",line=" + std::to_string(a.line) : "") + ",title=" + escaped(a.title, true) +
           "::" + escaped(a.message, false) + "\n";
  return out;
}

std::string section(provider system, std::string const& id, std::string const& title, std::string const& text,
                    std::int64_t unix_s, std::string const& token) {
  std::string const whole = text.empty() || text.ends_with('\n') ? text : text + "\n";
  switch (system) {
  case provider::github:
    return "::group::" + escaped(one_line(title), false) + "\n::stop-commands::" + token + "\n" + whole + "::" + token +
           "::\n::endgroup::\n";
  case provider::gitlab: {
    std::string const time = std::to_string(unix_s) + ":" + id;
    return "\x1b[0Ksection_start:" + time + "[collapsed=true]\r\x1b[0K" + one_line(title) + "\n" + whole +
           "\x1b[0Ksection_end:" + time + "\r\x1b[0K\n";
  }
  }
  return whole;
}

}
