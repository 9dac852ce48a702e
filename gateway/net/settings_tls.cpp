// What the configuration says about TLS, on both sides.
#include "gateway/net/settings_reader.hpp"

#include <chrono>
#include <memory>
#include <utility>

namespace gateway::net {
namespace {

std::string read_hsts(settings_reader const& in, pointer const& where) {
  if (!in.at(where)) return {};
  nanoseconds max_age{0};
  in.duration((where / "max_age").to_string().c_str(), max_age);
  std::string value = "max-age=" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(max_age).count());
  if (in.flag(where / "include_subdomains")) value += "; includeSubDomains";
  if (in.flag(where / "preload")) value += "; preload";
  return value;
}

}

void read_tls(settings_reader const& in, settings& s) {
  pointer const root("/tls");
  if (auto const* tls = in.at(root)) {
    server_tls_settings of;
    for (auto const& pair : (*tls)["certificates"])
      of.certificates.push_back(
          {pair["certificate"].get<std::string>(), pair["key"].get<std::string>(), pair.value("ocsp", "")});
    if (auto const* lowest = in.at(root / "lowest_version")) of.only_1_3 = *lowest == "1.3";
    if (auto const* ciphers = in.at(root / "ciphers")) of.ciphers = ciphers->get<std::string>();
    auto const* const tickets = in.at(root / "ticket_key_lifetime");
    if (tickets && *tickets == "off")
      of.ticket_key_lifetime = {};
    else
      in.duration("/tls/ticket_key_lifetime", of.ticket_key_lifetime);
    s.tls = in.tls(root, [&] { return std::make_shared<server_tls>(std::move(of)); });
    s.hsts = read_hsts(in, root / "hsts");
  }
  for (listener_settings const& d : s.listen)
    if (d.tls && !s.tls)
      throw in.document().error_at(pointer("/listen"),
                                   "found " + d.at.name.text() +
                                       " with tls but no certificate; allowed: with tls.certificates "
                                       "(--certificate, --key)");
  if (auto const* upstream = in.at(pointer("/upstream_tls"))) {
    client_tls_settings of;
    if (auto const* file = in.at(pointer("/upstream_tls/ca_file"))) of.ca_file = file->get<std::string>();
    of.verify = upstream->value("verify", true);
    of.server_name = upstream->value("server_name", "");
    s.upstream_tls =
        in.tls(pointer("/upstream_tls"), [&] { return std::make_shared<client_tls const>(std::move(of)); });
  }
}

}
