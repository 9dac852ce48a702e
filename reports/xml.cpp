#include "reports/xml.hpp"

#include "reports/wording.hpp"

namespace reports {

std::string xml_text(std::string_view text) {
  std::string out;
  for (char const c : valid_utf8(text)) {
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\n':
    case '\r':
    case '\t': // as they are, attributes would have blanks in their place
      out += "&#" + std::to_string(static_cast<int>(c)) + ";";
      break;
    default:
      out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
  return out;
}

}
