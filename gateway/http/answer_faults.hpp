#pragma once

#include "gateway/http/head_parser.hpp"

#include <string_view>

/// Answers of upstreams that cannot be passed on.
namespace gateway::http {

/// Why an answer cannot be passed on: its error as RFC 9209 2.3 names it, and a sentence for people. Both empty: it
/// can.
struct answer_fault {
  std::string_view error;
  std::string_view why;
};

/// Precondition: the answer's head is complete, or cannot be read any further (`ec`).
answer_fault fault_of(error_code ec, message_head const& head, char const* base, answer_parser const& parser);

/// Whether these bytes can begin an answer. A server of another protocol may be waiting for us to continue, so waiting
/// for more bytes could block.
bool may_begin_answer(std::string_view bytes);

/// The error (RFC 9209) of a body that cannot be read, or that the end of the connection cut short.
std::string_view body_fault_of(error_code ec);

}
