#pragma once

#include "fakeproxy/resources/echo.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sim::actors {

/// What a client's request says before its content.
struct request_head {
  std::string_view method, target, host;
  std::string_view authorization{}; // empty: none
  std::uint64_t request = 0;        // its id
  std::uint32_t body_bytes = 0;
  bool chunked = false;
  std::string_view more{}; // field lines

  /// Whether content follows, perhaps of no bytes.
  bool has_content() const { return body_bytes != 0 || chunked; }
};

/// Appends the head, its empty line included, and takes the fields that have to arrive end to end into `sent`, if any.
void append_request_head(std::string& out, request_head const& head, fakeproxy::resources::fields_digest* sent);

/// Appends a minimal head, for a server outside the laboratory.
void append_plain_head(std::string& out, request_head const& head);

}
