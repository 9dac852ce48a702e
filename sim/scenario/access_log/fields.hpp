#pragma once

#include "sim/scenario/access_log/line.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a log's line says, by the names that nginx has for it.
namespace sim::access_log {

/// The value of a name ("remote_addr", "cookie_session"), without escapes; empty where there is none.
using lookup = std::function<std::string(std::string_view name)>;

/// The value, or "" for "-", as nginx writes what is not there.
std::string value_of(lookup const& fields, std::string_view name);

/// The request that these fields are: date from time_iso8601, time_local or msec; client from remote_addr or what else
/// names it; the request line, or method and URI.
std::variant<request, skip> request_from(lookup const& fields);

/// Which client a request is of: text with `$name`s, as in "$cookie_session" or "$remote_addr $http_user_agent".
class identity_rule {
public:
  identity_rule() = default;
  /// Throws std::invalid_argument: "found …; allowed: …".
  explicit identity_rule(std::string_view text);

  /// Empty where none of the names has a value. `cookie_NAME` is looked for in `http_cookie` too, and `arg_NAME` in the
  /// query of `target`. Of lists (X-Forwarded-For), the first; addresses in their one spelling.
  std::string of(lookup const& fields, std::string_view target) const;

  std::vector<std::string> const& names() const { return names_; }

private:
  std::vector<std::string> names_, before_; // before_[i]: text before the i-th name
  std::string after_;
};

/// The value of `name` in a Cookie field; empty if it has none.
std::string_view cookie_in(std::string_view cookies, std::string_view name);

/// Without escapes: `\xHH`, `\uHHHH`, `\"`, `\\`, `\n` and the like. What is no escape stays as it is.
std::string without_escapes(std::string_view text);

}
