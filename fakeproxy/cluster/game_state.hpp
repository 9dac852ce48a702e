#pragma once

#include <boost/beast/http/verb.hpp>

#include <ostream> // before verb.hpp, which prints a verb to a stream it only declares (Boost 1.81)
#include <string_view>

namespace fakeproxy::cluster {

/// Whether the proxy forwards a request with a session to the character's sol: every request that may change something,
/// and those for the character's own resources.
inline bool needs_sol(boost::beast::http::verb method, std::string_view target) {
  using boost::beast::http::verb;
  bool const safe = method == verb::get || method == verb::head || method == verb::options || method == verb::trace;
  return !safe || target.starts_with("/characters/");
}

}
