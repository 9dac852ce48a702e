#include "sim/live/counters.hpp"

#include "sim/live/admin.hpp"
#include "sim/live/clock.hpp"

#include <charconv>
#include <utility>

namespace sim::live {

std::map<std::string, std::uint64_t> parse_counters(std::string_view text, std::string_view prefix) {
  std::map<std::string, std::uint64_t> found;
  while (!text.empty()) {
    std::string_view const line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::size_t const blank = line.rfind(' ');
    if (!line.starts_with(prefix) || blank == std::string_view::npos) continue;
    std::string_view const value = line.substr(blank + 1);
    std::uint64_t number = 0;
    auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc() && end == value.data() + value.size())
      found.emplace(line.substr(prefix.size(), blank - prefix.size()), number);
  }
  return found;
}

boost::asio::awaitable<std::map<std::string, gateway_counters>> read_counters(topology const& nodes,
                                                                              std::chrono::nanoseconds patience) {
  std::map<std::string, gateway_counters> all;
  for (balancer_node const& balancer : nodes.balancers()) {
    std::string const name = balancer.identity.name;
    bool const ours = balancer.identity.settings->kind == scenario::balancer_kind::gateway;
    if (!ours || !balancer.started || !nodes.running(name)) continue;
    std::string admin = nodes.admin_of(name);
    std::string target = "/metrics";
    std::string const text = co_await admin_text(std::move(admin), std::move(target), patience);
    all[name] = {parse_counters(text, "crest_gateway_"), nodes.spawned_ns(name), now_ns()};
  }
  co_return all;
}

}
