#include "sim/judge/spread.hpp"

#include "sim/judge/errors.hpp"
#include "sim/judge/groups.hpp"
#include "sim/judge/shares.hpp"
#include "sim/judge/trend.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace sim::judge {

using records::metric_set;
using records::result;
using records::run_view;

namespace {

constexpr std::array<char const*, 6> ratios = {"redirect_ratio",  "map_hit_ratio", "stale_hit_ratio",
                                               "guess_hit_ratio", "failed_ratio",  "hops_per_request"};
constexpr std::size_t columns = ratios.size() + reason_count;
using shares = std::array<share, columns>;

/// The slices that one request belongs to.
struct membership {
  std::array<std::size_t, 5> of{};
  std::size_t count = 1;
  std::size_t const* begin() const { return of.data(); }
  std::size_t const* end() const { return of.data() + count; }
};

/// The first of `ratios` is the redirect ratio, of which the columns behind `ratios` are the reasons.
/// One slice of a run: what each ratio's clusters add up to, and the cluster at hand.
struct slice_spread {
  std::array<cluster_sums, columns> sums;
  std::array<std::pair<double, double>, columns> at_hand{};
  bool touched = false;

  void add(shares const& s) {
    touched = true;
    for (std::size_t k = 0; k != ratios.size(); ++k) at_hand[k].first += s[k].above, at_hand[k].second += s[k].below;
    if (s[0].above == 0) return; // without redirects there are none by reason
    for (std::size_t k = ratios.size(); k != columns; ++k) at_hand[k].first += s[k].above;
  }
  void end_cluster() {
    if (!std::exchange(touched, false)) return;
    for (std::size_t k = 0; k != columns; ++k)
      sums[k].add(at_hand[k].first, at_hand[k < ratios.size() ? k : 0].second); // reasons share a denominator
    at_hand = {};
  }
};

class spread {
public:
  spread(run_view const& v, std::vector<request_facts> const& facts, routing_history const& history, result& out)
    : v_(v)
    , facts_(facts)
    , history_(history)
    , out_(out)
    , sets_(sets_of(v.balancers()))
    , sets_with_(v.balancers().size())
    , slices_(1 + out.phases.size() + out.balancers.size() + sets_.size()) {
    for (std::size_t set = 0; set != sets_.size(); ++set)
      for (std::size_t const balancer : sets_[set].members) sets_with_[balancer].push_back(set);
  }

  void measure_ratios() {
    std::vector<std::pair<std::uint64_t, std::size_t>> order; // cluster, slot
    for (std::size_t i = 0; i != v_.size(); ++i)
      if (v_.is_counted(i)) order.emplace_back(cluster_of(v_.client(i), i), i);
    std::sort(order.begin(), order.end());
    for (std::size_t at = 0; at != order.size(); ++at) {
      shares const s = shares_of(order[at].second);
      for (std::size_t slice : slices_of(order[at].second)) slices_[slice].add(s);
      if (at + 1 != order.size() && order[at + 1].first == order[at].first) continue;
      for (slice_spread& slice : slices_) slice.end_cluster();
    }
    for (std::size_t i = 0; i != slices_.size(); ++i) write_errors(metrics_of_slice(i), slices_[i]);
  }

  void measure_latencies(tally const& counts) {
    std::vector<std::pair<std::int64_t, std::size_t>> order; // intended start, slot
    for (std::size_t i = 0; i != v_.size(); ++i)
      if (v_.is_counted(i) && facts_[i].answered) order.emplace_back(v_.client(i).intended_ns, i);
    std::sort(order.begin(), order.end());
    std::vector<std::vector<std::int64_t>> durations(slices_.size());
    for (auto const& [at, slot] : order)
      for (std::size_t slice : slices_of(slot)) durations[slice].push_back(v_.client(slot).done_ns - at);
    for (std::size_t i = 0; i != slices_.size(); ++i) {
      metric_set& metrics = metrics_of_slice(i);
      if (auto const found = metrics.find("latency_ms"); found != metrics.end())
        found->second = trend_of_run(latency_of_slice(counts, i), durations[i]);
    }
  }

private:
  /// The whole is slice 0; then phases, balancers, groups, kinds.
  membership slices_of(std::size_t slot) const {
    records::client_record const& c = v_.client(slot);
    membership m;
    if (!out_.phases.empty()) m.of[m.count++] = 1 + std::min<std::size_t>(c.phase, out_.phases.size() - 1);
    if (c.balancer >= out_.balancers.size()) return m;
    std::size_t const balancers = 1 + out_.phases.size(), sets = balancers + out_.balancers.size();
    m.of[m.count++] = balancers + c.balancer;
    for (std::size_t const set : sets_with_[c.balancer]) m.of[m.count++] = sets + set;
    return m;
  }

  metric_set& metrics_of_slice(std::size_t slice) {
    if (slice-- == 0) return out_.metrics;
    for (auto* const parts : {&out_.phases, &out_.balancers, &out_.groups}) {
      if (slice < parts->size()) return (*parts)[slice].metrics;
      slice -= parts->size();
    }
    return out_.kinds[slice].metrics;
  }

  records::histogram latency_of_slice(tally const& counts, std::size_t slice) const {
    if (slice-- == 0) return counts.all().latency;
    if (slice < out_.phases.size()) return counts.phase(slice).latency;
    slice -= out_.phases.size();
    if (slice < out_.balancers.size()) return counts.balancer(slice).latency;
    return sum_of(counts, sets_[slice - out_.balancers.size()]).latency;
  }

  shares shares_of(std::size_t slot) const {
    shares s{};
    for (std::size_t k = 0; k != ratios.size(); ++k)
      s[k] = share_of(ratios[k], std::nullopt, slot, v_, facts_, history_);
    if (s[0].above == 0) return s;
    for (std::uint32_t h : v_.hops(slot))
      if (history_.hop_reason[h] != not_redirected) ++s[ratios.size() + history_.hop_reason[h]].above;
    return s;
  }

  static void write_errors(metric_set& metrics, slice_spread const& slice) {
    for (std::size_t k = 0; k != columns; ++k) {
      std::string const name =
          k < ratios.size()
              ? ratios[k]
              : "redirect_ratio{reason:" + std::string(name_of(static_cast<reason>(k - ratios.size()))) + "}";
      auto const found = metrics.find(name);
      auto* ratio = found == metrics.end() ? nullptr : std::get_if<records::ratio_metric>(&found->second);
      if (ratio == nullptr) continue;
      estimate const e = slice.sums[k].result();
      ratio->clusters = e.clusters;
      if (e.clusters > 1) ratio->measured_error = e.standard_error;
    }
  }

  run_view const& v_;
  std::vector<request_facts> const& facts_;
  routing_history const& history_;
  result& out_;
  std::vector<balancer_set> const sets_;            // those of out_.groups, then those of out_.kinds
  std::vector<std::vector<std::size_t>> sets_with_; // by balancer: at most a group and a kind
  std::vector<slice_spread> slices_;
};

}

void add_spread(result& out, run_view const& v, std::vector<request_facts> const& facts, routing_history const& history,
                tally const& counts) {
  spread s(v, facts, history, out);
  s.measure_ratios();
  s.measure_latencies(counts);
}

}
