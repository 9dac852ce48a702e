#include "sim/engines/live/balancer_place.hpp"

#include "base/config/document.hpp"

#include <fstream>
#include <sstream>

namespace sim::live {

std::string read_template(std::filesystem::path const& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw config::bad_input(file.string() + ": cannot read the template");
  return text.str();
}

decltype(config::template_values::each) values_of_proxies(balancer_place const& place) {
  decltype(config::template_values::each) all;
  for (std::string const& address : place.upstreams) {
    std::size_t const colon = address.rfind(':');
    all.push_back({{"proxy_address", address},
                   {"proxy_host", address.substr(0, colon)},
                   {"proxy_port", address.substr(colon + 1)},
                   {"proxy_index", std::to_string(all.size())}});
  }
  return all;
}

std::vector<config::needed_placeholder> needs_proxies(balancer_place const& place, std::string const& all) {
  if (place.ports_known) return {};
  return {{{all, "proxy_address", "proxy_port"}, "the proxies, whose ports are picked for each run"}};
}

}
