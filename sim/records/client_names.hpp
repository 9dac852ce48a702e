#pragma once

#include "sim/records/records.hpp"

#include <string_view>

/// The words for what a client saw, as reports write them. Empty for anything else.
namespace sim::records {

constexpr std::string_view name_of(client_outcome value) {
  switch (value) {
  case client_outcome::pending:
    return "pending";
  case client_outcome::answered:
    return "answered";
  case client_outcome::connect_error:
    return "connect_error";
  case client_outcome::reset:
    return "reset";
  case client_outcome::timeout:
    return "timeout";
  case client_outcome::malformed:
    return "malformed";
  case client_outcome::truncated:
    return "truncated";
  }
  return {};
}

/// Of one bit.
constexpr std::string_view name_of(client_finding value) {
  switch (value) {
  case found_method:
    return "method";
  case found_target:
    return "target";
  case found_fields:
    return "fields";
  case found_request_body:
    return "request_body";
  case found_answer_body:
    return "answer_body";
  case found_leak:
    return "leak";
  case found_foreign:
    return "foreign";
  case found_no_echo:
    return "no_echo";
  case found_denied:
    return "denied";
  case found_too_old:
    return "too_old";
  }
  return {};
}

}
