#pragma once

#include <cstddef>
#include <optional>
#include <string>

/// How wide a line may be that somebody looks at.
namespace os {

/// Columns of the terminal behind `descriptor`: COLUMNS where that is a number, else what the terminal says. None if
/// there is no terminal, or it does not know: what programs and files read is not cut.
std::optional<std::size_t> terminal_columns(int descriptor);

/// `text`, one line of UTF-8, in less than so many columns, so that no terminal breaks it: what is cut off is "…" at
/// its end. A character counts as one column.
std::string fitted(std::string text, std::size_t columns);

/// The same for the terminal behind `descriptor`; all of it where that is none.
std::string fitted_to(int descriptor, std::string text);

/// Writes a line on stderr in the place of the one that was written so before; empty: takes it away.
void show_in_place(std::string line);

}
