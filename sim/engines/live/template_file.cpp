#include "sim/engines/live/template_file.hpp"

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

decltype(template_values::each_proxy) values_of_proxies(balancer_place const& place) {
  decltype(template_values::each_proxy) all;
  for (std::string const& address : place.upstreams) {
    std::size_t const colon = address.rfind(':');
    all.push_back({{"proxy_address", address},
                   {"proxy_host", address.substr(0, colon)},
                   {"proxy_port", address.substr(colon + 1)},
                   {"proxy_index", std::to_string(all.size())}});
  }
  return all;
}

}
