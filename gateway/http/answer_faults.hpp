#pragma once

#include "gateway/http/head_parser.hpp"

#include <string_view>

/// What an upstream may not answer.
namespace gateway::http {

/// Why an answer cannot be passed on: its error as RFC 9209 2.3 names it, and a sentence for people. Both empty: it
/// can.
struct answer_fault {
  std::string_view error;
  std::string_view why;
};

/// Of an answer whose head is complete, or cannot be read any further (`ec`).
answer_fault fault_of(error_code ec, message_head const& head, char const* base, answer_parser const& parser);

/// Whether these bytes can be the first of an answer. What speaks another protocol may wait for us to go on.
bool may_begin_answer(std::string_view bytes);

/// The error of a body that cannot be read, or that its connection's end cut short, as RFC 9209 has it.
std::string_view body_fault_of(error_code ec);

}
