#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

/// What nodes are called in scenarios, results and messages.
namespace sim::scenario {

/// "gateway[3]": the node `index` of those of `kind`.
inline std::string numbered(std::string const& kind, std::size_t index) {
  return kind + "[" + std::to_string(index) + "]";
}

inline std::string proxy_name(std::size_t index) { return numbered("proxy", index); }
inline std::string sol_name(std::size_t index) { return numbered("sol", index); }

/// The names of the first `count` proxies.
std::vector<std::string> proxy_names(std::size_t count);

/// Whether `node` is one of the proxies, or of the sols.
inline bool names_proxy(std::string const& node) { return node.starts_with("proxy["); }
inline bool names_sol(std::string const& node) { return node.starts_with("sol["); }

/// `base`, or the first of base + separator + "2", "3", … that is not taken; it is then.
std::string free_name(std::set<std::string>& taken, std::string const& base, char const* separator);

}
