#pragma once

#include "gateway/cache/stored.hpp"

#include <string>
#include <string_view>

namespace gateway::cache {

/// What is added to what is stored.
struct serving {
  bool close = false;  // the connection ends after this answer
  bool http10 = false; // the client speaks HTTP/1.0
  std::string_view hsts{};
  std::string_view cache_status{}; // value of Cache-Status; empty: none
};

struct served {
  unsigned status = 200;
  std::string_view content; // the part of the stored body that follows the head
};

/// Appends the head of the answer to a request that `stored` may serve: complete, partial (206, 416), or not modified
/// (304); with its Age (RFC 9111 4).
served append_served(std::string& out, stored_answer const& stored, request_facts const& request, serving const& how,
                     moment now);

}
