#include "sim/scenario/node_names.hpp"

namespace sim::scenario {

std::vector<std::string> proxy_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i != count; ++i) names.push_back(proxy_name(i));
  return names;
}

std::string free_name(std::set<std::string>& taken, std::string const& base, char const* separator) {
  std::string name = base;
  for (int n = 2; !taken.insert(name).second; ++n) name = base + separator + std::to_string(n);
  return name;
}

}
