#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace sim::authoring {

/// Changes of a text, which take effect together: places are those of the text before. Parts may not overlap; of what
/// is inserted at the same place the first comes first.
class text_edits {
public:
  explicit text_edits(std::string_view text)
    : text_(text) {}

  void replace(std::size_t begin, std::size_t end, std::string by) { edits_.insert({begin, {end, std::move(by)}}); }
  void insert(std::size_t at, std::string text) { replace(at, at, std::move(text)); }
  /// On lines of its own.
  void replace_alone(std::size_t begin, std::size_t end, std::string const& by);
  /// The part as comments, lines of its own: it begins no line with `#` of what is around it.
  void comment_out(std::size_t begin, std::size_t end);

  std::string applied() const;

private:
  bool begins_line(std::size_t at) const;
  bool ends_line(std::size_t at) const;

  struct edit {
    std::size_t end;
    std::string by;
  };
  std::string_view text_;
  std::multimap<std::size_t, edit> edits_; // by where they begin
};

}
