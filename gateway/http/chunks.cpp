#include "gateway/http/chunks.hpp"

#include "gateway/http/characters.hpp"

#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace gateway::http {

using error = boost::beast::http::error;

body_step chunk_decoder::decode(char const* data, std::size_t size, error_code& ec) {
  body_step step;
  ec = {};
  while (step.consumed < size && state_ != state::done) {
    if (state_ == state::data) {
      std::size_t const piece = static_cast<std::size_t>(std::min<std::uint64_t>(size_, size - step.consumed));
      step.data = {data + step.consumed, piece};
      step.consumed += piece;
      size_ -= piece;
      if (size_ == 0) state_ = state::data_cr;
      return step;
    }
    take(data[step.consumed], ec);
    if (ec) return step;
    ++step.consumed;
  }
  return step;
}

void chunk_decoder::take(char c, error_code& ec) {
  switch (state_) {
  case state::size_begin:
  case state::size:
  case state::size_lf:
  case state::data_cr:
  case state::data_lf:
    take_of_size(c, ec);
    break;
  case state::before_semicolon:
  case state::name_begin:
  case state::name:
  case state::before_equals:
  case state::value_begin:
  case state::value:
  case state::quoted:
  case state::escaped:
  case state::behind_quote:
    take_of_extension(c, ec);
    break;
  default:
    take_of_trailer(c, ec);
    break;
  }
}

void chunk_decoder::take_of_size(char c, error_code& ec) {
  switch (state_) {
  case state::size_begin:
    size_ = 0;
    digits_ = line_ = 0;
    state_ = state::size;
    [[fallthrough]];
  case state::size: {
    int const digit = hex_digit(c);
    if (digit >= 0) {
      if (++digits_ > most_size_digits || size_ >> 60 != 0) ec = error::bad_chunk;
      size_ = size_ * 16 + static_cast<unsigned>(digit);
    } else if (digits_ == 0 || (c != '\r' && c != ';' && !is_blank(c))) {
      ec = error::bad_chunk;
    } else {
      line_ = 1;
      end_extension(c, ec);
    }
    break;
  }
  case state::size_lf:
    if (c != '\n')
      ec = error::bad_chunk;
    else
      end_size_line(ec);
    break;
  case state::data_cr:
    if (c != '\r') ec = error::bad_chunk;
    state_ = state::data_lf;
    break;
  default: // data_lf
    if (c != '\n') ec = error::bad_chunk;
    state_ = state::size_begin;
    break;
  }
}

/// What may follow a size, or a complete extension.
void chunk_decoder::end_extension(char c, error_code& ec) {
  if (c == '\r')
    state_ = state::size_lf;
  else if (c == ';')
    state_ = state::name_begin;
  else if (is_blank(c))
    state_ = state::before_semicolon;
  else
    ec = error::bad_chunk_extension;
}

void chunk_decoder::take_of_extension(char c, error_code& ec) {
  if (c != '\r' && ++line_ > most_extension_bytes) {
    ec = error::bad_chunk_extension;
    return;
  }
  bool good = true;
  switch (state_) {
  case state::before_semicolon:
    good = is_blank(c) || c == ';';
    if (c == ';') state_ = state::name_begin;
    break;
  case state::name_begin:
    good = is_blank(c) || is_token_character(c);
    if (!is_blank(c)) state_ = state::name;
    break;
  case state::name:
    if (is_token_character(c)) break;
    if (c == '=')
      state_ = state::value_begin;
    else if (is_blank(c))
      state_ = state::before_equals;
    else
      end_extension(c, ec);
    break;
  case state::before_equals:
    good = is_blank(c) || c == '=' || c == ';';
    if (!is_blank(c)) state_ = c == '=' ? state::value_begin : state::name_begin;
    break;
  case state::value_begin:
    good = is_blank(c) || c == '"' || is_token_character(c);
    if (!is_blank(c)) state_ = c == '"' ? state::quoted : state::value;
    break;
  case state::value:
    if (!is_token_character(c)) end_extension(c, ec);
    break;
  case state::quoted: // qdtext and quoted-pair (RFC 9110 5.6.4): no CR, LF or other control
    good = is_text_character(c);
    if (c == '"') state_ = state::behind_quote;
    if (c == '\\') state_ = state::escaped;
    break;
  case state::escaped:
    good = is_text_character(c);
    state_ = state::quoted;
    break;
  default: // behind_quote
    end_extension(c, ec);
    break;
  }
  if (!good) ec = error::bad_chunk_extension;
}

void chunk_decoder::end_size_line(error_code& ec) {
  std::uint64_t const earned = size_ > most_overhead ? 2 * most_overhead : 16 + 2 * size_;
  overhead_ += digits_ + line_;
  overhead_ -= static_cast<std::size_t>(std::min<std::uint64_t>(overhead_, earned));
  if (overhead_ > most_overhead) ec = error::bad_chunk_extension;
  state_ = size_ == 0 ? state::trailer_begin : state::data;
}

/// A trailer may not state the message's length or coding (RFC 9110 6.5.1).
bool chunk_decoder::frames() const {
  std::string_view const name(name_.data(), std::min(name_size_, name_.size()));
  return name == "content-length" || name == "transfer-encoding";
}

void chunk_decoder::take_of_trailer(char c, error_code& ec) {
  if (++trailer_bytes_ > trailer_limit_) {
    ec = error::header_limit;
    return;
  }
  switch (state_) {
  case state::trailer_begin:
    name_size_ = 0;
    if (c == '\r') {
      state_ = state::last_lf;
      break;
    }
    state_ = state::trailer_name;
    [[fallthrough]];
  case state::trailer_name:
    if (c == ':' && name_size_ != 0 && !frames()) {
      state_ = state::trailer_value;
    } else if (!is_token_character(c)) {
      ec = error::bad_field;
    } else {
      if (name_size_ < name_.size()) name_[name_size_] = lower_case(c);
      ++name_size_;
    }
    break;
  case state::trailer_value:
    if (c == '\r')
      state_ = state::trailer_lf;
    else if (!is_text_character(c))
      ec = error::bad_field;
    break;
  case state::trailer_lf:
    if (c != '\n') ec = error::bad_field;
    state_ = state::trailer_begin;
    break;
  default: // last_lf
    if (c != '\n')
      ec = error::bad_field;
    else
      state_ = state::done;
    break;
  }
}

}
