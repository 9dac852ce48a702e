#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reports {

/// A CSV table (RFC 4180): a header, then rows with the same number of cells. All cells are text.
struct csv_table {
  std::string name; // of the file, for messages
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> lines; // of each row in the file, from 1

  /// The index of a column; none when there is no such column.
  std::optional<std::size_t> find(std::string_view column) const;

  /// The same; throws `config::bad_input` that lists the columns and suggests the nearest.
  std::size_t column(std::string_view wanted) const;

  /// A cell as a number; none if it is empty. Throws `config::bad_input` if it is neither.
  std::optional<double> number(std::size_t row, std::size_t column) const;
};

/// Throws `config::bad_input` with the line: an unreadable file, no header, a row with more or fewer cells than the
/// header, a name that occurs twice, a quote that does not end, more than `max_csv_bytes`.
csv_table read_csv(std::filesystem::path const& file);
csv_table parse_csv(std::string_view text, std::string name);

inline constexpr std::size_t max_csv_bytes = 256u << 20;

/// The whole text as a number; none if it is not one.
std::optional<double> to_number(std::string_view text);

}
