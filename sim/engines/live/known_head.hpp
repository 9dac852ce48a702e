#pragma once

#include "gateway/http/head_parser.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace sim::live {

/// The head of an answer that has been read, and what the parser made of it: the same bytes mean the same again. A
/// server that answers all alike changes its heads once a second, with Date; parsing them anew is most of what an
/// answer costs besides system calls. Of use outside the laboratory only, where no two heads are alike.
class known_head {
public:
  /// Whether `bytes` are, or begin with, a whole answer with this head. `to_head`: it answers a HEAD request.
  bool begins(std::string_view bytes, bool to_head) const {
    return bytes.size() >= answer_bytes() && to_head == to_head_ && !text_.empty() && bytes.starts_with(text_);
  }

  /// Keeps the head in place of the one before. Precondition: it alone says that `content_bytes` follow it (it has no
  /// transfer coding, and does not leave the end to the connection's).
  void keep(std::string_view text, gateway::http::message_head const& head, bool to_head, std::size_t content_bytes,
            bool keep_alive) {
    text_ = text;
    head_ = head;
    to_head_ = to_head;
    content_bytes_ = content_bytes;
    keep_alive_ = keep_alive;
  }

  /// As the parser recorded it; its spans hold for any answer that begins with it.
  gateway::http::message_head const& head() const { return head_; }
  std::size_t head_bytes() const { return text_.size(); }
  std::size_t answer_bytes() const { return text_.size() + content_bytes_; }
  bool keep_alive() const { return keep_alive_; }

private:
  std::string text_;
  gateway::http::message_head head_;
  bool to_head_ = false, keep_alive_ = false;
  std::size_t content_bytes_ = 0;
};

}
