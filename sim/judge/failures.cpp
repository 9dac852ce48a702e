#include "sim/judge/failures.hpp"

namespace sim::judge {

using records::client_outcome;
using scenario::failure_cause;

std::optional<failure_cause> cause_of(client_outcome outcome, std::uint16_t status, records::token_kind kind) {
  switch (outcome) {
  case client_outcome::answered:
    if (status >= 500 || (status == 401 && kind != records::token_kind::junk)) return failure_cause::status;
    return std::nullopt;
  case client_outcome::pending:
    return failure_cause::unfinished;
  case client_outcome::connect_error:
    return failure_cause::refused;
  case client_outcome::reset:
    return failure_cause::reset;
  case client_outcome::timeout:
    return failure_cause::timeout;
  case client_outcome::malformed:
    return failure_cause::wrong_answer;
  case client_outcome::truncated:
    return failure_cause::truncated;
  }
  return std::nullopt;
}

std::optional<failure_cause> cause_of(records::run_records const& r, records::client_record const& c) {
  bool const cut_short = r.interrupted || r.aborted_by;
  if (c.outcome == client_outcome::pending && cut_short) return std::nullopt;
  return cause_of(c.outcome, c.status, c.kind);
}

}
