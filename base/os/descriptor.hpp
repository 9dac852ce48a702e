#pragma once

#include <string_view>

namespace os {

/// Writes all of `text`, waiting where a descriptor that does not block is full. 0, or the errno of what went wrong.
int write_all(int descriptor, std::string_view text);

}
