#pragma once

#include <string>
#include <string_view>

namespace reports {

/// `text` as markdown that shows it, also within a table's cell: nothing that ends a cell or line, no markup in names
/// that users chose.
std::string markdown_text(std::string_view text);

}
