#include "sim/judge/flows.hpp"

#include "sim/judge/owners.hpp"
#include "sim/scenario/node_names.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace sim::judge {
namespace {

using journal::hop_outcome;
using records::flow;
using records::run_view;

/// A count for each pair of a row and a column.
class table {
public:
  table(std::size_t rows, std::size_t columns)
    : columns_(columns)
    , cells_(rows * columns) {}

  /// Nothing is counted outside of the table.
  flow* at(std::size_t row, std::size_t column) {
    return column < columns_ && row * columns_ < cells_.size() ? &cells_[row * columns_ + column] : nullptr;
  }

  template<class From, class To>
  void add_to(std::vector<flow>& all, From const& from, To const& to) {
    for (std::size_t i = 0; i != cells_.size(); ++i) {
      if (cells_[i].requests == 0) continue;
      cells_[i].from = from(i / columns_);
      cells_[i].to = to(i % columns_);
      all.push_back(std::move(cells_[i]));
    }
  }

private:
  std::size_t columns_;
  std::vector<flow> cells_;
};

/// What is no answer of any use to a balancer.
bool failed(hop_outcome outcome) {
  switch (outcome) {
  case hop_outcome::served:
  case hop_outcome::redirected:
  case hop_outcome::unauthorized:
    return false;
  case hop_outcome::received:
  case hop_outcome::unavailable:
  case hop_outcome::malformed:
  case hop_outcome::aborted:
    return true;
  }
  return true;
}

struct counted {
  table to_balancers, to_proxies, to_sols;
};

void count_request(run_view const& v, std::size_t i, std::vector<request_facts> const& facts, counted& c) {
  std::size_t const balancer = v.client(i).balancer;
  if (flow* const f = c.to_balancers.at(0, balancer)) {
    ++f->requests;
    f->redirects += facts[i].redirects;
    f->failures += facts[i].failed.has_value();
  }
  for (std::uint32_t const h : v.hops(i)) {
    flow* const f = c.to_proxies.at(balancer, v.hop(h).proxy);
    if (f == nullptr) continue;
    ++f->requests;
    f->redirects += v.hop(h).hop.outcome == hop_outcome::redirected;
    f->failures += failed(v.hop(h).hop.outcome);
  }
  for (records::event_reference const r : v.events(i)) {
    journal::balancer_event const& e = v.event(r);
    bool const lost = e.kind == journal::balancer_event_kind::hop && e.result == journal::hop_result::not_delivered;
    flow* const f = lost ? c.to_proxies.at(r.balancer, v.proxy_at(e.upstream_address, e.upstream_port)) : nullptr;
    if (f == nullptr) continue;
    ++f->requests;
    ++f->failures;
  }
}

/// Sessions that a sol granted to a proxy, and game requests that it applied for one.
void count_sols(run_view const& v, counted& c) {
  for (journal::sol_event const& e : v.records().sols) {
    if (e.at_ns < v.records().start_ns) continue;
    std::size_t proxy = records::no_proxy;
    if (e.kind == journal::sol_event_kind::granted) proxy = proxy_of(e.incarnation);
    if (e.kind == journal::sol_event_kind::applied) {
      std::uint32_t const slot = v.slot(e.request);
      if (slot == records::no_index) continue;
      for (std::uint32_t const h : v.hops(slot))
        if (v.hop(h).hop.received_ns <= e.at_ns) proxy = v.hop(h).proxy; // the last that can have asked
    }
    if (flow* const f = c.to_sols.at(proxy, e.sol)) ++f->requests;
  }
}

}

std::vector<flow> flows_of(run_view const& v, std::vector<request_facts> const& facts) {
  scenario::topology const& t = v.scenario().topology;
  std::size_t const balancers = v.balancers().size(), proxies = t.proxies.count, sols = t.sols.count;
  if (balancers * proxies + proxies * sols > most_flows) return {};
  counted c{table(1, balancers), table(balancers, proxies), table(proxies, sols)};
  for (std::size_t i = 0; i != v.size(); ++i)
    if (v.is_counted(i)) count_request(v, i, facts, c);
  count_sols(v, c);
  std::vector<flow> all;
  auto const balancer = [&](std::size_t b) { return v.balancers()[b].name; };
  c.to_balancers.add_to(
      all, [](std::size_t) { return "clients"; }, balancer);
  c.to_proxies.add_to(all, balancer, scenario::proxy_name);
  c.to_sols.add_to(all, scenario::proxy_name, scenario::sol_name);
  return all;
}

}
