#pragma once

#include "gateway/http/chunks.hpp"
#include "gateway/http/partial_head.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// HTTP/1 messages as spans over the caller's buffer: Beast's grammar (RFC 9112) without Beast's containers, without
/// Asio. Shared by the gateway (both sides) and the load generator. Not thread-safe; one parser reads one message.
namespace gateway::http {

namespace beast_http = boost::beast::http;

/// Part of the buffer that holds a message, as offsets from the message's first byte, so that the buffer may grow.
struct span {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;

  std::string_view in(char const* base) const { return {base + offset, size}; }
};

/// One field line. `id` is beast's number for well-known names, `field::unknown` otherwise.
struct field_line {
  beast_http::field id;
  span name;
  span value;
};

/// The head of a message as the parser recorded it. Valid with the `base` at which the bytes are now.
struct message_head {
  span method;                                       // requests
  beast_http::verb verb = beast_http::verb::unknown; // requests
  span target;                                       // requests
  unsigned status = 0;                               // answers
  span reason;                                       // answers
  unsigned version = 11;                             // 10 or 11
  std::vector<field_line> fields;                    // in the order received

  void clear();
};

/// Reads one message. Feed the head from its first byte with `parse_head` until `head_done()`, then the body with
/// `parse_body` until `done()`. `answer_to_head` and limits are set before the first byte.
template<bool IsRequest>
class head_parser : private beast_http::basic_parser<IsRequest> {
  using base_type = beast_http::basic_parser<IsRequest>;

public:
  /// Records into `head`, which must outlive the parser and is cleared. Trailers may be as large as a head.
  explicit head_parser(message_head& head, head_limits const& limits = {});

  /// For answers: this answers a HEAD request, so that no body follows whatever the head says. Before the first byte.
  void answer_to_head(bool yes) { this->skip(yes); }

  /// `base` is where the message begins, `size` how many of its bytes have arrived in all (including those of earlier
  /// calls, which must not have changed). Returns true when the head is complete; false with no error: needs more.
  /// Errors are Beast's, each as soon as it is certain: `header_limit` for a head that is too large, `buffer_overflow`
  /// for one with too many lines, `bad_method` also for a method longer than `longest_method`, `bad_target` also for
  /// one with a fragment, which only clients look at (RFC 9110 4.2.5).
  bool parse_head(char const* base, std::size_t size, error_code& ec);

  /// Bytes of the head, after `parse_head` returned true: the body begins there.
  std::size_t head_bytes() const { return head_bytes_; }

  /// Decodes body bytes (Content-Length, chunked, or up to the end of the connection). One call gives one piece; call
  /// again while `consumed > 0`. With nothing consumed and no error it needs more input, or is `done()`.
  body_step parse_body(char const* data, std::size_t size, error_code& ec);

  /// Bytes of content that have been announced and have not come, as far as a chunked body says.
  std::uint64_t announced() const { return chunks_ ? chunks_->announced() : 0; }

  /// The connection has ended. An error unless the message may end there.
  void end_of_input(error_code& ec);

  bool head_done() const { return this->is_header_done(); }
  bool done() const { return chunks_ ? chunks_->done() : this->is_done(); }
  bool chunked() const { return base_type::chunked(); }
  bool keep_alive() const { return base_type::keep_alive(); }
  bool until_eof() const { return this->need_eof(); }
  /// Value of Content-Length, if the message has one.
  boost::optional<std::uint64_t> content_length() const { return base_type::content_length(); }

private:
  span span_of(boost::beast::string_view part) const;
  bool record_field(beast_http::field id, boost::beast::string_view name, boost::beast::string_view value);

  void on_request_impl(beast_http::verb verb, boost::beast::string_view method, boost::beast::string_view target,
                       int version, error_code& ec) override;
  void on_response_impl(int status, boost::beast::string_view reason, int version, error_code& ec) override;
  void on_field_impl(beast_http::field id, boost::beast::string_view name, boost::beast::string_view value,
                     error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& ec) override;
  std::size_t on_body_impl(boost::beast::string_view body, error_code& ec) override;
  void on_chunk_header_impl(std::uint64_t size, boost::beast::string_view extensions, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, boost::beast::string_view body, error_code& ec) override;
  void on_finish_impl(error_code& ec) override;

  message_head* head_;
  head_limits limits_;
  char const* base_ = nullptr;
  std::size_t size_ = 0;
  std::size_t head_bytes_ = 0;
  std::string_view piece_;
  std::optional<partial_head> partial_; // of a head that came in parts
  std::optional<chunk_decoder> chunks_; // of a chunked body
};

extern template class head_parser<true>;
extern template class head_parser<false>;
using request_parser = head_parser<true>;
using answer_parser = head_parser<false>;

}
