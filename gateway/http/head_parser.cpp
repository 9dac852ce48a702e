#include "gateway/http/head_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <functional>

namespace gateway::http {

void message_head::clear() {
  method = target = reason = {};
  verb = beast_http::verb::unknown;
  status = 0;
  version = 11;
  fields.clear();
}

template<bool IsRequest>
head_parser<IsRequest>::head_parser(message_head& head, head_limits const& limits)
  : head_(&head)
  , limits_(limits) {
  head.clear();
  this->header_limit(limits.bytes);
  this->body_limit(boost::none);
  this->eager(false);
}

template<bool IsRequest>
bool head_parser<IsRequest>::parse_head(char const* base, std::size_t size, error_code& ec) {
  base_ = base;
  size_ = size;
  ec = {};
  while (!this->is_header_done() && head_bytes_ < size) {
    std::size_t const used = this->put(boost::asio::const_buffer(base + head_bytes_, size - head_bytes_), ec);
    head_bytes_ += used;
    if (ec == beast_http::error::need_more) {
      ec = {};
      break;
    }
    if (ec) return false;
  }
  if (!this->is_header_done()) {
    if (!partial_) partial_.emplace(IsRequest, limits_);
    partial_->look(base, size, ec);
    return false;
  }
  // Beast applies its limit to each part: the first line, and the fields.
  if (head_bytes_ > limits_.bytes) ec = beast_http::error::header_limit;
  if (base_type::chunked() && !this->is_done()) chunks_.emplace(limits_.bytes);
  return !ec;
}

template<bool IsRequest>
body_step head_parser<IsRequest>::parse_body(char const* data, std::size_t size, error_code& ec) {
  if (chunks_) return chunks_->decode(data, size, ec);
  body_step step;
  ec = {};
  piece_ = {};
  while (!this->is_done() && step.consumed < size && piece_.empty()) {
    std::size_t const used = this->put(boost::asio::const_buffer(data + step.consumed, size - step.consumed), ec);
    step.consumed += used;
    if (ec == beast_http::error::need_more) {
      ec = {};
      break;
    }
    if (ec) break;
  }
  step.data = piece_;
  return step;
}

template<bool IsRequest>
void head_parser<IsRequest>::end_of_input(error_code& ec) {
  ec = {};
  if (done()) return;
  if (chunks_)
    ec = beast_http::error::partial_message;
  else
    this->put_eof(ec);
}

template<bool IsRequest>
span head_parser<IsRequest>::span_of(boost::beast::string_view part) const {
  return {static_cast<std::uint32_t>(part.data() - base_), static_cast<std::uint32_t>(part.size())};
}

// False for a value that was folded over lines (obs-fold): Beast then unfolds it into a buffer of its own. RFC 9112 5.2
// lets a server refuse these, and this one does: a message must mean the same to every parser on its way.
template<bool IsRequest>
bool head_parser<IsRequest>::record_field(beast_http::field id, boost::beast::string_view name,
                                          boost::beast::string_view value) {
  std::less<char const*> const before;
  bool const inside = !before(value.data(), base_) && !before(base_ + size_, value.data() + value.size());
  if (!inside && !value.empty()) return false;
  span const value_span = inside ? span_of(value) : span{};
  head_->fields.push_back({id, span_of(name), value_span});
  return true;
}

template<bool IsRequest>
void head_parser<IsRequest>::on_request_impl(beast_http::verb verb, boost::beast::string_view method,
                                             boost::beast::string_view target, int version, error_code& ec) {
  if (method.size() > longest_method) ec = beast_http::error::bad_method;
  if (target.find('#') != boost::beast::string_view::npos) ec = beast_http::error::bad_target;
  head_->verb = verb;
  head_->method = span_of(method);
  head_->target = span_of(target);
  head_->version = static_cast<unsigned>(version);
}

template<bool IsRequest>
void head_parser<IsRequest>::on_response_impl(int status, boost::beast::string_view reason, int version, error_code&) {
  head_->status = static_cast<unsigned>(status);
  head_->reason = span_of(reason);
  head_->version = static_cast<unsigned>(version);
}

template<bool IsRequest>
void head_parser<IsRequest>::on_field_impl(beast_http::field id, boost::beast::string_view name,
                                           boost::beast::string_view value, error_code& ec) {
  if (head_->fields.size() == limits_.fields)
    ec = beast_http::error::buffer_overflow;
  else if (!record_field(id, name, value))
    ec = beast_http::error::bad_value;
}

template<bool IsRequest>
void head_parser<IsRequest>::on_header_impl(error_code&) {}

template<bool IsRequest>
void head_parser<IsRequest>::on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) {}

template<bool IsRequest>
std::size_t head_parser<IsRequest>::on_body_impl(boost::beast::string_view body, error_code&) {
  piece_ = {body.data(), body.size()};
  return body.size();
}

// Beast does not get chunked bodies.
template<bool IsRequest>
void head_parser<IsRequest>::on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code&) {}

template<bool IsRequest>
std::size_t head_parser<IsRequest>::on_chunk_body_impl(std::uint64_t, boost::beast::string_view body, error_code&) {
  return body.size();
}

template<bool IsRequest>
void head_parser<IsRequest>::on_finish_impl(error_code&) {}

template class head_parser<true>;
template class head_parser<false>;

}
