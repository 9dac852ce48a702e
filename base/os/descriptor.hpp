#pragma once

#include <string_view>

namespace os {

/// Writes all of `text`, waiting while a non-blocking descriptor is full. Returns 0 or the errno of the failure.
int write_all(int descriptor, std::string_view text);

}
