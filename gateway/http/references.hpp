#pragma once

#include "gateway/http/address.hpp"

#include <boost/beast/http/field.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// Fields of answers that can name an upstream, which would show its address and lead clients past the gateway.
namespace gateway::http {

/// Whether an address is one of the upstreams, or may become one.
using upstream_question = std::function<bool(host_port const&)>;

/// A URI that names an upstream without its scheme and authority: `http://PROXY/path` becomes `/path`. The rest can
/// never be read as another authority: `//evil` as `/.//evil`, which is the same path (RFC 3986 5.2.4). Backslashes,
/// tabs, blanks and controls at the ends, hosts in other spellings (browser_host.hpp) and missing slashes
/// (`http:PROXY`) are read as browsers read them (WHATWG URL), and so are `ws`, `wss` and `ftp`. `HOST:PORT/path` names
/// an upstream, too. Nullopt where none is named.
std::optional<std::string> relative_reference(std::string_view uri, upstream_question const& is_upstream);

/// A field's value as it is passed on.
struct outward_value {
  enum class kind : std::uint8_t { as_it_is, changed, dropped } what = kind::as_it_is;
  std::string value{}; // changed
};

/// Location and Content-Location become relative, and so do targets and anchors of Link, and the target of Refresh; an
/// Alt-Svc that names an upstream is dropped. Other fields stay as they are.
outward_value without_upstreams(boost::beast::http::field id, std::string_view name, std::string_view value,
                                upstream_question const& is_upstream);

}
