#pragma once

#include "gateway/http/accel.hpp"
#include "gateway/net/transport/sockets.hpp"

#include <functional>
#include <string>

namespace gateway::net {

/// A configured address: as it was written, and what it resolved to when the configuration was read.
struct place {
  http::host_port name;
  endpoint address;

  bool operator==(place const&) const = default;
};

/// ADDRESS:PORT, an IPv6 address in brackets.
std::string text_of(endpoint const& where);

/// Asks the system's resolver, which may block for as long as its own time-outs; IPv4 is preferred. `ec` says why there
/// is no result.
endpoint resolve(http::host_port const& name, boost::system::error_code& ec);
using name_resolver = std::function<endpoint(http::host_port const&, boost::system::error_code&)>;

}
