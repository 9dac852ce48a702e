#include "gateway/http/websocket.hpp"

#include "gateway/http/fields.hpp"

#include <openssl/evp.h>

#include <array>

namespace gateway::http {
namespace {

bool any_line_lists(message_head const& head, char const* base, beast_http::field id, std::string_view token) {
  for (field_line const& line : head.fields)
    if (line.id == id && list_contains(line.value.in(base), token)) return true;
  return false;
}

bool switches_to_websocket(message_head const& head, char const* base) {
  return any_line_lists(head, base, beast_http::field::connection, "upgrade") &&
         any_line_lists(head, base, beast_http::field::upgrade, "websocket");
}

/// The value of a field that occurs exactly once; else empty.
std::string_view only_value(message_head const& head, char const* base, beast_http::field id) {
  std::string_view found;
  bool any = false;
  for (field_line const& line : head.fields) {
    if (line.id != id) continue;
    if (any) return {};
    any = true;
    found = line.value.in(base);
  }
  return found;
}

}

std::string_view websocket_key(message_head const& head, char const* base) {
  if (head.verb != beast_http::verb::get || head.version < 11) return {};
  if (find(head, base, beast_http::field::content_length) || find(head, base, beast_http::field::transfer_encoding))
    return {};
  if (!switches_to_websocket(head, base)) return {};
  return only_value(head, base, beast_http::field::sec_websocket_key);
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 1.3
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) return {};
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> coded;
  int const length = EVP_EncodeBlock(coded.data(), digest.data(), static_cast<int>(size));
  return {coded.begin(), coded.begin() + length};
}

bool agrees_to_websocket(message_head const& head, char const* base, std::string_view key) {
  return switches_to_websocket(head, base) && !key.empty() &&
         only_value(head, base, beast_http::field::sec_websocket_accept) == websocket_accept(key);
}

}
