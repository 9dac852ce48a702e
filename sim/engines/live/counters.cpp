#include "sim/engines/live/counters.hpp"

#include "sim/engines/live/admin.hpp"
#include "sim/engines/live/clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
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
  constexpr int most_readings = 50;
  constexpr auto between_readings = std::chrono::milliseconds(5);
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  std::map<std::string, gateway_counters> all;
  for (balancer_node const& balancer : nodes.balancers()) {
    std::string const name = balancer.identity.name;
    bool const ours = scenario::traits_of(balancer.identity.settings->kind).journals;
    if (!ours || !balancer.started || !nodes.running(name)) continue;
    gateway_counters& counted = all[name];
    counted.since_ns = nodes.spawned_ns(name);
    // Some things are counted only after the client has its answer: asks until nothing changes any more.
    bool settled = false;
    for (int reading = 0; reading != most_readings && !settled; ++reading) {
      if (reading > 0) {
        pause.expires_after(between_readings);
        co_await pause.async_wait(boost::asio::use_awaitable);
      }
      std::string text;
      try {
        std::string admin = nodes.admin_of(name);
        std::string target = "/metrics";
        text = co_await admin_text(std::move(admin), std::move(target), patience);
      } catch (could_not_run const&) { // it is just ending or starting: one that cannot be asked hides no other
        counted.values.clear();
        break;
      }
      auto const before = std::exchange(counted.values, parse_counters(text, "crest_gateway_"));
      counted.read_ns = now_ns();
      settled = reading > 0 && before == counted.values;
    }
  }
  co_return all;
}

void add_counters(std::map<std::string, gateway_counters> const& read, records::run_records& records) {
  for (records::balancer_records& balancer : records.balancers) {
    auto const found = read.find(balancer.name);
    if (found == read.end()) continue;
    balancer.counters = found->second.values;
    balancer.counting_since_ns = found->second.since_ns;
    balancer.counters_read_ns = found->second.read_ns;
  }
}

}
