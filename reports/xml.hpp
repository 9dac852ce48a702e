#pragma once

#include <string>
#include <string_view>

namespace reports {

/// As the text of an XML element, or an attribute's value in double quotes. What XML 1.0 (section 2.2) has no place for
/// becomes '?': control characters, U+FFFE, U+FFFF, and bytes that are not UTF-8.
std::string xml_text(std::string_view text);

}
