#include "gateway/http/refusals.hpp"

#include "gateway/http/characters.hpp"

#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace gateway::http {
namespace {

using error = beast_http::error;

/// As much of it as has come.
std::string_view first_line(std::string_view bytes) {
  std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Whether the request line is METHOD TARGET HTTP/x.y, with another version than ours.
bool names_another_version(std::string_view line) {
  if (line.size() < 9 || std::count(line.begin(), line.end(), ' ') != 2) return false;
  if (line.find('\n') != std::string_view::npos) return false;
  std::string_view const version = line.substr(line.size() - 9);
  if (version == " HTTP/1.0" || version == " HTTP/1.1") return false;
  return version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' && is_digit(version[8]);
}

bool has_long_method(std::string_view bytes) {
  std::string_view const begin = bytes.substr(0, longest_method + 1);
  return begin.size() > longest_method && std::all_of(begin.begin(), begin.end(), is_token_character);
}

/// Whether the target is valid except for its fragment.
bool has_fragment(std::string_view line) {
  std::size_t const target = std::min(line.find(' ') + 1, line.size()); // npos + 1 is 0
  std::string_view const rest = line.substr(target);
  auto const end = std::find_if_not(rest.begin(), rest.end(), is_target_character);
  return std::find(rest.begin(), end, '#') != end;
}

}

refusal refusal_of_head(error_code ec, std::string_view bytes, head_limits const& limits) {
  std::string_view const line = first_line(bytes);
  if (ec == error::buffer_overflow) return refusal::many_fields;
  if (ec == error::header_limit) {
    if (has_long_method(bytes)) return refusal::long_method;
    bool const is_line_too_long = line.size() + 2 > limits.bytes && line.find(' ') != std::string_view::npos;
    return is_line_too_long ? refusal::long_target : refusal::large_head;
  }
  if (ec == error::bad_method && has_long_method(bytes)) return refusal::long_method;
  if (ec == error::bad_target && has_fragment(line)) return refusal::fragment;
  // Beast reports this for a request line with anything else at its end, too.
  if (ec == error::bad_version && names_another_version(line)) return refusal::other_version;
  if (ec == error::bad_content_length || ec == error::multiple_content_length || ec == error::body_limit)
    return refusal::unusable_length;
  if (ec == error::bad_transfer_encoding) return refusal::unusable_coding;
  if (ec == error::bad_field || ec == error::bad_value || ec == error::bad_line_ending) return refusal::malformed_field;
  return refusal::malformed_request_line;
}

refusal refusal_of_body(error_code ec) {
  if (ec == error::header_limit) return refusal::large_trailers;
  if (ec == error::bad_chunk_extension) return refusal::malformed_extension;
  if (ec == error::bad_field) return refusal::malformed_trailer;
  return refusal::malformed_chunk;
}

}
