// Whatever a configuration file says: it is read, or refused with one line that names the place. Names are not
// resolved.
#include "gateway/net/settings.hpp"

#include <boost/asio/error.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static nlohmann::json const schema = nlohmann::json::parse(gateway::net::config_schema);
  auto const resolve = [](gateway::http::host_port const& name, boost::system::error_code& ec) {
    auto const address = boost::asio::ip::make_address(name.host, ec);
    if (ec) ec = boost::asio::error::host_not_found;
    return gateway::net::endpoint(address, name.port);
  };
  try {
    config::document document =
        config::document::parse(std::string(reinterpret_cast<char const*>(data), size), "fuzz.json");
    document.validate(schema);
    gateway::net::read_settings(document, resolve);
  } catch (config::bad_input const& refused) {
    std::string const line = refused.what();
    if (line.empty() || line.find('\n') != std::string::npos) std::abort();
  }
  return 0;
}
