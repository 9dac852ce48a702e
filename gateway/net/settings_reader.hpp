#pragma once

#include "base/config/document.hpp"
#include "base/config/units.hpp"
#include "gateway/http/address.hpp"
#include "gateway/net/resolve.hpp"
#include "gateway/net/settings.hpp"
#include "gateway/net/transport/writable.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gateway::net {

using pointer = nlohmann::json::json_pointer;

/// Reads typed values out of a checked document, with errors that name the place.
class settings_reader {
public:
  settings_reader(config::document const& document, name_resolver const& names)
    : document_(document)
    , names_(names) {}

  nlohmann::json const* at(pointer const& where) const {
    return document_.root().contains(where) ? &document_.root()[where] : nullptr;
  }

  template<class T>
  void value(char const* where, T& out) const {
    if (auto const* value = at(pointer(where))) out = value->get<T>();
  }

  template<class T>
  void size(char const* where, T& out, std::uint64_t at_least, std::uint64_t at_most) const {
    auto const* value = at(pointer(where));
    if (!value) return;
    auto const bytes = config::parse_size(value->get<std::string>());
    if (!bytes || *bytes < at_least || *bytes > at_most)
      throw document_.error_at(pointer(where), "found " + value->dump() + "; allowed: a size from " +
                                                   std::to_string(at_least) + " to " + std::to_string(at_most) +
                                                   " bytes");
    out = static_cast<T>(*bytes);
  }

  void duration(char const* where, nanoseconds& out, bool may_be_nothing = false) const {
    auto const* value = at(pointer(where));
    if (!value) return;
    auto const parsed = config::parse_duration(value->get<std::string>());
    if (!parsed || (parsed->count() == 0 && !may_be_nothing))
      throw document_.error_at(pointer(where), "found " + value->dump() + "; allowed: a duration " +
                                                   (may_be_nothing ? "of" : "above 0 and of") + " at most a year");
    out = *parsed;
  }

  /// A duration in seconds; zero is allowed and means never.
  void seconds(char const* where, std::int64_t& out) const {
    nanoseconds value = std::chrono::seconds(out);
    duration(where, value, true);
    out = std::chrono::duration_cast<std::chrono::seconds>(value).count();
  }

  bool flag(pointer const& where) const {
    auto const* value = at(where);
    return value && value->get<bool>();
  }

  /// A TLS context that `make` builds from files; errors in them are reported for `where`.
  template<class Make>
  auto tls(pointer const& where, Make make) const {
    try {
      return make();
    } catch (tls_error const& wrong) {
      throw document_.error_at(where,
                               std::string("found ") + wrong.what() +
                                   "; allowed: PEM files that can be read and belong together, and for ocsp a DER "
                                   "file that says now that the certificate is good");
    }
  }

  /// `flag` is the command line's name for it.
  place address(pointer const& where, char const* flag, bool allow_port_zero) const {
    std::string const text = document_.root()[where].get<std::string>();
    auto const parsed = http::parse_host_port(text, allow_port_zero);
    if (!parsed)
      throw document_.error_at(
          where, "found \"" + text + "\"; allowed: HOST:PORT with a port from " + (allow_port_zero ? "0" : "1") +
                     " to 65535, and HOST an IPv4 address of four decimal numbers, an IPv6 "
                     "address in brackets without a zone, or a name that does not end in a number");
    boost::system::error_code ec;
    endpoint const resolved = names_(*parsed, ec);
    if (ec)
      throw document_.error_at(where, "found \"" + text + "\", whose host name does not resolve (" + ec.message() +
                                          "); allowed: an IP address or a name that this machine knows (" + flag + ")");
    return {*parsed, resolved};
  }

  /// The file that is named there can be written or created: checked without creating it.
  std::filesystem::path writable_file(pointer const& where, char const* flag) const {
    std::filesystem::path const file = document_.root()[where].get<std::string>();
    if (std::string const why = why_not_writable(file); !why.empty())
      throw document_.error_at(where, "found " + file.string() + ", which cannot be written (" + why +
                                          "); allowed: a file that can be, or that can be made in its directory (" +
                                          flag + ")");
    return file;
  }

  config::document const& document() const { return document_; }

private:
  config::document const& document_;
  name_resolver const& names_;
};

// Where clients, admin and upstreams are (settings_addresses.cpp). All throw config::bad_input.
std::vector<listener_settings> read_listeners(settings_reader const& in);
place read_admin(settings_reader const& in, std::vector<listener_settings> const& listeners);
std::vector<upstream_settings> read_upstreams(settings_reader const& in);
trusted_proxies read_trusted_proxies(settings_reader const& in);
/// Of `s.listen`: whether a listener needs certificates. Reads them.
void read_tls(settings_reader const& in, settings& s);
std::vector<allowed_range> read_allowed_ranges(settings_reader const& in);

}
