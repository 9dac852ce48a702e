#pragma once

#include <string>
#include <string_view>

namespace reports {

/// As the text of an XML element, or an attribute's value in double quotes. Characters that XML 1.0 (section 2.2) does
/// not allow become '?': control characters, U+FFFE, U+FFFF, and bytes that are not UTF-8.
std::string xml_text(std::string_view text);

}
