#pragma once

#include "gateway/http/head_parser.hpp"

#include <string>
#include <string_view>

/// The opening handshake of WebSocket (RFC 6455 4) as an intermediary sees it: a GET that asks to switch protocols, and
/// the 101 that agrees. After that there are only bytes.
namespace gateway::http {

/// The value of Sec-WebSocket-Key of a request that asks for a WebSocket; empty if it does not. A request of HTTP/1.0
/// or with a body does not (RFC 9110 7.8), nor does one with two keys. Other protocols that it also offers are ignored.
std::string_view websocket_key(message_head const& head, char const* base);

/// What a server makes of that key (RFC 6455 4.2.2).
std::string websocket_accept(std::string_view key);

/// Whether a 101 agrees to the request with `key`: it names the protocol in Upgrade, and proves that its sender has
/// read the key. Any other 101 is not an answer.
bool agrees_to_websocket(message_head const& head, char const* base, std::string_view key);

/// The connection fields of a switch, the same in requests and answers.
inline constexpr std::string_view websocket_upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

}
