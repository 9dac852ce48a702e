#include "sim/engines/live/collect.hpp"

#include "base/journal/journal.hpp"
#include "sim/engines/live/nginx_directives.hpp"
#include "sim/judge/log_digest.hpp"
#include "sim/judge/owners.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <utility>

namespace sim::live {

namespace {

template<class Record>
std::vector<Record> journal_of(topology const& nodes, std::string const& node, char const* kind, bool broken_off) {
  try {
    return journal::read<Record>(nodes.journal_of(node), kind);
  } catch (std::runtime_error const&) {
    if (!broken_off) throw;
    return {};
  }
}

}

void read_journals(topology const& nodes, records::run_records& records, bool broken_off) {
  for (std::size_t i = 0; i < nodes.proxies().size(); ++i) {
    proxy_node const& proxy = nodes.proxies()[i];
    for (journal::proxy_hop const& hop : journal_of<journal::proxy_hop>(nodes, proxy.name, "proxy_hop", broken_off))
      records.hops.push_back({hop, static_cast<std::uint16_t>(i)});
    std::size_t const colon = proxy.http.rfind(':');
    auto const address = boost::asio::ip::make_address_v4(proxy.http.substr(0, colon));
    records.proxies.push_back(
        {address.to_uint(), static_cast<std::uint16_t>(std::stoul(proxy.http.substr(colon + 1)))});
  }
  for (sol_node const& sol : nodes.sols()) {
    auto const events = journal_of<journal::sol_event>(nodes, sol.name, "sol_event", broken_off);
    records.sols.insert(records.sols.end(), events.begin(), events.end());
  }
  for (balancer_node const& balancer : nodes.balancers()) {
    records::balancer_records one;
    one.name = balancer.identity.name;
    one.has_journal = scenario::traits_of(balancer.identity.settings->kind).journals;
    if (one.has_journal)
      one.events = journal_of<journal::balancer_event>(nodes, one.name, "balancer_event", broken_off);
    records.balancers.push_back(std::move(one));
  }
}

void read_logs(topology const& nodes, records::run_records& records) {
  std::map<std::string, std::string> names;
  for (proxy_node const& proxy : nodes.proxies()) names[proxy.http] = proxy.name;
  for (std::size_t i = 0; i < records.balancers.size(); ++i) {
    records::balancer_records& balancer = records.balancers[i];
    bool const nginx =
        scenario::traits_of(nodes.balancers()[i].identity.settings->kind).started_by == scenario::launcher::nginx;
    std::vector<std::filesystem::path> logs{nodes.directory().logs() / (balancer.name + ".log")};
    std::filesystem::path const prefix = nodes.directory().prefix_of(balancer.name);
    if (std::ifstream in(nodes.directory().configs() / (balancer.name + ".conf")); nginx && in) {
      std::string const config{std::istreambuf_iterator<char>(in), {}};
      balancer.retries_on = nginx_retries(config);
      for (std::string const& own : nginx_error_logs(config)) logs.push_back(prefix / own);
    }
    judge::log_digest digest(names);
    for (std::filesystem::path const& log : logs) {
      std::ifstream in(log);
      for (std::string line; std::getline(in, line);) digest.add(line);
    }
    balancer.log = digest.messages();
  }
}

std::uint64_t redirect_tail::count(topology const& nodes) {
  read_.resize(nodes.proxies().size());
  for (std::size_t i = 0; i < read_.size(); ++i) {
    auto const hops =
        journal::read<journal::proxy_hop>(nodes.journal_of(nodes.proxies()[i].name), "proxy_hop", read_[i]);
    read_[i] += hops.size();
    for (journal::proxy_hop const& hop : hops) redirects_ += hop.outcome == journal::hop_outcome::redirected;
  }
  return redirects_;
}

std::vector<session_place> sessions_now(topology const& nodes) {
  std::map<std::uint32_t, journal::incarnation_id> owners;
  for (sol_node const& sol : nodes.sols())
    judge::follow_owners(journal::read<journal::sol_event>(nodes.journal_of(sol.name), "sol_event"), owners);
  std::vector<session_place> sessions;
  for (auto const& [character, incarnation] : owners) sessions.push_back({character, judge::proxy_of(incarnation)});
  return sessions;
}

}
