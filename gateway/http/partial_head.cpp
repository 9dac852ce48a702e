#include "gateway/http/partial_head.hpp"

#include "gateway/http/characters.hpp"

#include <boost/beast/http/error.hpp>

#include <string_view>
#include <utility>

namespace gateway::http {

using error = boost::beast::http::error;

void partial_head::look(char const* base, std::size_t size, error_code& ec) {
  for (; seen_ < size && state_ != state::end && !ec; ++seen_) take(base[seen_], ec);
  if (!ec && state_ != state::end && seen_ >= limits_.bytes) ec = error::header_limit;
}

void partial_head::take(char c, error_code& ec) {
  switch (state_) {
  case state::method:
  case state::target:
    take_of_request_line(c, ec);
    break;
  case state::version:
    take_of_version(c, ec);
    break;
  case state::reason:
    if (c == '\r')
      state_ = state::start_lf;
    else if (!is_text_character(c))
      ec = error::bad_reason;
    break;
  case state::start_lf:
    if (c != '\n') ec = is_request_ ? error::bad_version : error::bad_reason;
    state_ = state::line_begin;
    break;
  default:
    take_of_field(c, ec);
    break;
  }
}

void partial_head::take_of_request_line(char c, error_code& ec) {
  bool const is_method = state_ == state::method;
  if (c == ' ' && part_ != 0) {
    state_ = is_method ? state::target : state::version;
    part_ = 0;
    return;
  }
  ++part_;
  if (is_method && (!is_token_character(c) || part_ > longest_method)) ec = error::bad_method;
  if (!is_method && (!is_target_character(c) || c == '#')) ec = error::bad_target;
}

/// `HTTP/1.1` CRLF at the end of a request line, `HTTP/1.1 200 ` at the beginning of a status line.
void partial_head::take_of_version(char c, error_code& ec) {
  constexpr std::string_view in_request = "HTTP/0.0\r", in_answer = "HTTP/0.0 000 ";
  std::string_view const form = is_request_ ? in_request : in_answer;
  char const expected = form[part_];
  bool const fits = expected == '0' ? is_digit(c) : c == expected;
  if (!fits) {
    ec = part_ > 8 ? error::bad_status : error::bad_version;
    return;
  }
  if (part_ == 5) major_ = c;
  if (part_ == 7) minor_ = c;
  if (part_ == 8 && (major_ != '1' || minor_ > '1')) {
    ec = error::bad_version;
    return;
  }
  if (++part_ == form.size()) state_ = is_request_ ? state::start_lf : state::reason;
}

void partial_head::take_of_field(char c, error_code& ec) {
  switch (state_) {
  case state::line_begin:
    if (c == '\r') {
      state_ = state::end; // Beast checks the rest
      return;
    }
    if (++fields_ > limits_.fields) ec = error::buffer_overflow;
    if (!is_token_character(c)) ec = error::bad_field; // a folded line, too
    state_ = state::name;
    break;
  case state::name:
    if (c == ':')
      state_ = state::value;
    else if (!is_token_character(c))
      ec = error::bad_field;
    break;
  case state::value:
    if (c == '\r')
      state_ = state::value_lf;
    else if (!is_text_character(c))
      ec = error::bad_value;
    break;
  default: // value_lf
    if (c != '\n') ec = error::bad_line_ending;
    state_ = state::line_begin;
    break;
  }
}

}
