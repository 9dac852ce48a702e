#pragma once

#include "sim/scenario/access_log/fields.hpp"
#include "sim/scenario/access_log/nginx_format.hpp"

#include <optional>
#include <string_view>
#include <variant>

namespace sim::access_log {

/// What a log's text is.
enum class text_kind : std::uint8_t { automatic, json, har, nginx };

/// How a log is to be read. The default: whatever `parse_line` understands, by client address.
struct form {
  text_kind kind = text_kind::automatic;
  std::optional<nginx_format> format;    // of nginx
  std::optional<identity_rule> identity; // none: the client's address. Not with `automatic`
};

/// The request in a line of that form; not of har, which has no lines.
std::variant<request, skip> parse_line(std::string_view line, form const& how);

/// Puts what `how.identity` says in the client's place, if it says anything; else the request is of its address, or has
/// no client.
std::variant<request, skip> identified(std::variant<request, skip> parsed, lookup const& fields, form const& how);

}
