// One spelling of credentials, what X-Accel names, URIs that become paths, names of fields: no bytes may crash their
// readers; what is made is of the form that it promises, and stays the same when it is made again.
#include "gateway/http/accel_target.hpp"
#include "gateway/http/credentials.hpp"
#include "gateway/http/field_names.hpp"
#include "gateway/http/references.hpp"
#include "gateway/http/target.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace http = gateway::http;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  http::normal_credentials const once(text);
  if (http::normal_credentials(once.text()).text() != once.text()) std::abort();
  http::is_ascii_outside_quotes(text);

  std::size_t const half = text.find('\n');
  std::string_view const named = text.substr(0, half);
  std::string_view const target = half == text.npos ? text : text.substr(half + 1);
  if (!http::names_target(text, text, false)) std::abort();
  if (http::names_target(named, target, false) && !http::names_target(named, target, true)) std::abort();
  bool const is_target =
      target.starts_with('/') && std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (is_target)
    if (auto const sent = http::followed_target(named, target); sent && *sent != target) {
      bool const is_one = sent->starts_with('/') && sent->find_first_of(" \t\r\n#") == sent->npos;
      if (!is_one || http::has_dot_segments(*sent) || http::names_internal_location(*sent)) std::abort();
    }

  static http::upstream_question const anybody = [](http::host_port const&) { return true; };
  if (auto const path = http::relative_reference(text, anybody)) {
    bool const is_path = path->starts_with('/') && !path->starts_with("//") && !path->starts_with("/\\") &&
                         path->find_first_of("\t\r\n") == path->npos;
    if (!is_path) std::abort();
  }
  if (http::is_odd(text)) http::reading_of(text);
  http::replaces_request(text);
  http::holds_credentials(text);
  return 0;
}
