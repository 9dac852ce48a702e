// X-Accel-Redirect and X-Backend values, and client targets: no bytes may crash their readers, and what is accepted
// must read the same again.
#include "gateway/http/accel.hpp"
#include "gateway/http/target.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  if (auto const target = gateway::http::parse_accel_redirect(text)) {
    auto const again = gateway::http::parse_host_port(target->text());
    if (!again || !(*again == *target)) std::abort();
  }
  if (auto const backend = gateway::http::parse_backend(text)) {
    auto const again = gateway::http::parse_backend("http://" + backend->text());
    if (!again || !(*again == *backend)) std::abort();
  }
  gateway::http::names_internal_location(text);
  return 0;
}
