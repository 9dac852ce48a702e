#pragma once

#include <string>
#include <string_view>

/// The client, as logs write it.
namespace sim::access_log {

/// Whether it is an IPv4 or IPv6 address, alone, in brackets, or with a port.
bool is_address(std::string_view text);

/// Whether it ends in a colon and a port, and is not an IPv6 address.
bool has_port(std::string_view text);

/// One spelling of an address (RFC 5952), without port and brackets; IPv4 in IPv6 as IPv4. Anything else stays as it
/// is.
std::string canonical(std::string_view client);

}
