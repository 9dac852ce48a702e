#include "reports/csv.hpp"

#include "base/config/document.hpp"
#include "base/config/joined.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <set>

namespace reports {
namespace {

config::bad_input at_line(std::string const& name, std::size_t line, std::string const& what) {
  return config::bad_input(name + ":" + std::to_string(line) + ": " + what);
}

/// Parses records one at a time.
class record_reader {
public:
  record_reader(std::string_view text, std::string const& name)
    : text_(text)
    , name_(name) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3; // a byte order mark
  }

  bool done() const { return at_ >= text_.size(); }
  std::size_t line() const { return line_; }

  std::vector<std::string> next() {
    std::vector<std::string> cells(1);
    while (!done()) {
      char const c = text_[at_++];
      if (c == '"' && cells.back().empty()) {
        quoted(cells.back());
      } else if (c == ',') {
        cells.emplace_back();
      } else if (c == '\n') {
        ++line_;
        break;
      } else if (c != '\r' || (!done() && text_[at_] != '\n')) {
        cells.back() += c;
      }
    }
    return cells;
  }

private:
  void quoted(std::string& cell) {
    std::size_t const began = line_;
    while (!done()) {
      char const c = text_[at_++];
      if (c == '\n') ++line_;
      if (c != '"') {
        cell += c;
      } else if (!done() && text_[at_] == '"') {
        cell += '"', ++at_;
      } else {
        return;
      }
    }
    throw at_line(name_, began, "found a quote that does not end; allowed: \"…\", with \"\" for a quote inside");
  }

  std::string_view text_;
  std::string const& name_;
  std::size_t at_ = 0, line_ = 1;
};

}

std::optional<double> to_number(std::string_view text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::size_t> csv_table::find(std::string_view wanted) const {
  auto const at = std::find(columns.begin(), columns.end(), wanted);
  if (at == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(at - columns.begin());
}

std::size_t csv_table::column(std::string_view wanted) const {
  if (auto const at = find(wanted)) return *at;
  throw at_line(name, 1,
                "found no column '" + std::string(wanted) + "'; allowed: " + config::joined(columns) +
                    config::did_you_mean(wanted, columns));
}

std::optional<double> csv_table::number(std::size_t row, std::size_t column) const {
  std::string const& cell = rows[row][column];
  if (cell.empty()) return std::nullopt;
  if (auto const value = to_number(cell)) return value;
  throw at_line(name, lines[row], columns[column] + ": found '" + cell + "'; allowed: a number, or nothing");
}

csv_table parse_csv(std::string_view text, std::string name) {
  csv_table table;
  table.name = std::move(name);
  record_reader reader(text, table.name);
  if (reader.done()) throw at_line(table.name, 1, "found nothing; allowed: a header with the names of columns");
  table.columns = reader.next();
  std::set<std::string> names;
  for (std::string const& column : table.columns)
    if (!names.insert(column).second) throw at_line(table.name, 1, "found two columns '" + column + "'");
  while (!reader.done()) {
    std::size_t const line = reader.line();
    auto cells = reader.next();
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (cells.size() != table.columns.size())
      throw at_line(table.name, line,
                    "found " + std::to_string(cells.size()) +
                        " cells; allowed: " + std::to_string(table.columns.size()) + ", as the header has");
    table.rows.push_back(std::move(cells));
    table.lines.push_back(line);
  }
  return table;
}

csv_table read_csv(std::filesystem::path const& file) {
  std::error_code error;
  auto const size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) throw config::bad_input(file.string() + ": cannot be read; allowed: a CSV table");
  if (size > max_csv_bytes)
    throw config::bad_input(file.string() + ": found " + std::to_string(size) + " bytes; allowed: at most " +
                            std::to_string(max_csv_bytes));
  std::string const text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return parse_csv(text, file.string());
}

}
