#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Templates: text with placeholders, `{{name}}`. A name has letters, digits and `_`; anything else in double braces is
/// the program's own. No I/O.
namespace sim::live {

/// What placeholders stand for.
struct template_values {
  /// Asked for when a template has the placeholder, and may throw then.
  using value = std::function<std::string()>;
  std::map<std::string, value, std::less<>> once;
  /// Of each proxy. What has one of these names in it is there once for each proxy.
  std::vector<std::map<std::string, std::string, std::less<>>> each_proxy;
};

/// Whether `text` has the placeholder `name`.
bool has_placeholder(std::string_view text, std::string_view name);

/// One word, or one for each proxy. Throws `config::bad_input`, which begins with `where`, for an unknown placeholder.
std::vector<std::string> fill_word(std::string_view word, std::string const& where, template_values const& values);

/// The same for each line of a text. Lines whose first sign is `#` are comments, and stay as they are. `file` is named
/// in errors, with the line.
std::string fill_text(std::string_view text, std::string const& file, template_values const& values);

}
