#pragma once

#include "base/journal/records.hpp"

#include <string_view>

/// The words of the journals' enumerations, as reports write them. Empty for anything else (base/config/words.hpp).
namespace journal {

constexpr std::string_view name_of(hop_outcome value) {
  switch (value) {
  case hop_outcome::received:
    return "received";
  case hop_outcome::served:
    return "served";
  case hop_outcome::redirected:
    return "redirected";
  case hop_outcome::unauthorized:
    return "unauthorized";
  case hop_outcome::unavailable:
    return "unavailable";
  case hop_outcome::malformed:
    return "malformed";
  case hop_outcome::aborted:
    return "aborted";
  }
  return {};
}

constexpr std::string_view name_of(sol_event_kind value) {
  switch (value) {
  case sol_event_kind::registered:
    return "registered";
  case sol_event_kind::granted:
    return "granted";
  case sol_event_kind::released:
    return "released";
  case sol_event_kind::fenced:
    return "fenced";
  case sol_event_kind::applied:
    return "applied";
  case sol_event_kind::duplicate:
    return "duplicate";
  case sol_event_kind::move_began:
    return "move_began";
  case sol_event_kind::move_done:
    return "move_done";
  }
  return {};
}

constexpr std::string_view name_of(hop_kind value) {
  switch (value) {
  case hop_kind::first:
    return "first";
  case hop_kind::redirect:
    return "redirect";
  case hop_kind::retry:
    return "retry";
  case hop_kind::own:
    return "own";
  }
  return {};
}

constexpr std::string_view name_of(hop_result value) {
  switch (value) {
  case hop_result::pending:
    return "pending";
  case hop_result::answered:
    return "answered";
  case hop_result::redirected:
    return "redirected";
  case hop_result::refused_redirect:
    return "refused_redirect";
  case hop_result::not_delivered:
    return "not_delivered";
  case hop_result::failed:
    return "failed";
  }
  return {};
}

constexpr std::string_view name_of(request_result value) {
  switch (value) {
  case request_result::pending:
    return "pending";
  case request_result::forwarded:
    return "forwarded";
  case request_result::refused:
    return "refused";
  case request_result::failed:
    return "failed";
  case request_result::client_gone:
    return "client_gone";
  case request_result::cached:
    return "cached";
  }
  return {};
}

}
