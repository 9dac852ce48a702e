#include "sim/studies/verify/judge.hpp"

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

namespace sim::verify {
namespace {

constexpr double three_sigma_tail = 0.0013498980316301; // of the normal distribution, one side
constexpr double unseen = 0.05;                         // chance of missing a difference as large as the smallest seen
constexpr double normal_unseen = 1.6448536269514722;    // the normal distribution exceeds it with that chance
constexpr double small = 0.001;                         // of theory's value: not a difference, unless it is …
constexpr double beyond_chance = 4;                     // … more than this many standard errors
constexpr double certain = 3;                           // standard errors, where these are known
constexpr unsigned few_runs = 5;                        // fewer, if all alike, do not show that all would be
constexpr unsigned most_runs = 10'000;                  // the most that are ever advised

double mean_of(std::vector<double> const& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// What Student's t exceeds with probability `tail`; the normal distribution without degrees of freedom.
double student(std::optional<double> const& degrees, double tail, double normal) {
  if (!degrees) return normal;
  return boost::math::quantile(boost::math::complement(boost::math::students_t(*degrees), tail));
}

/// The error of a difference of means.
struct uncertainty {
  double standard_error = 0;
  std::optional<double> degrees; // see run_error

  double allowed() const { return student(degrees, three_sigma_tail, certain) * standard_error; }
  double unnoticed() const { return student(degrees, unseen, normal_unseen) * standard_error; }
};

/// The uncertainty that this many runs (of each side, if there are two) would leave.
using uncertainty_of = std::function<uncertainty(unsigned runs)>;

/// "; about 7 runs of each would decide": the least number for which `decided` holds.
std::string would_decide(uncertainty_of const& with, bool of_each,
                         std::function<bool(uncertainty const&)> const& decided) {
  unsigned runs = 2;
  while (runs <= most_runs && !decided(with(runs))) runs += 1 + runs / 50;
  if (runs > most_runs) return "; no reasonable number of runs would decide";
  return "; about " + std::to_string(runs) + " runs" + (of_each ? " of each" : "") + " would decide";
}

struct compared {
  std::string against;
  double value = 0, reference = 0;
  std::optional<uncertainty> error;
  double small = 0;   // a difference up to this does not count, unless it is far beyond chance
  double inexact = 0; // the reference itself may be off by this much
  bool of_each = false;
  unsigned runs = 0; // from which the error is estimated, on the side that has more
  uncertainty_of with_runs;
};

comparison compare(compared const& x) {
  comparison c;
  c.against = x.against;
  c.difference = x.value - x.reference;
  double const apart = std::abs(c.difference), size = std::max(std::abs(x.value), std::abs(x.reference));
  double const rounding = 1e-9 * size;
  if (!x.error) {
    c.allowed = std::max({x.small, x.inexact, rounding});
    c.verdict = apart <= c.allowed ? judgement::agrees : judgement::undecided;
    if (!c.agrees()) c.note = "no standard error is known: two runs or more would show one";
    return c;
  }
  uncertainty const& e = *x.error;
  double const far = std::max(beyond_chance * e.standard_error, e.allowed());
  c.allowed = std::max({e.allowed(), std::min(x.small, far), x.inexact, rounding});
  c.smallest_seen = c.allowed + e.unnoticed();
  if (x.reference != 0) c.smallest_seen_share = *c.smallest_seen / std::abs(x.reference);
  if (e.standard_error > 0) c.standard_errors = c.difference / e.standard_error;
  double const enough = std::max({certain * e.standard_error, std::min(x.small, far), x.inexact, rounding});
  if (e.degrees && e.standard_error <= 0 && apart > c.allowed && x.runs < few_runs) {
    c.verdict = judgement::undecided;
    c.smallest_seen.reset(), c.smallest_seen_share.reset();
    c.note = std::to_string(x.runs) + " runs that are all alike show no spread; about " + std::to_string(few_runs) +
             " would decide";
  } else if (apart > c.allowed) {
    c.verdict = judgement::differs;
  } else if (e.degrees && apart > enough) {
    c.verdict = judgement::undecided;
    c.note = "more than " + std::to_string(static_cast<int>(certain)) +
             " standard errors, which are estimated from too few runs" +
             would_decide(x.with_runs, x.of_each, [&](uncertainty const& u) { return u.allowed() < apart; });
  } else if (e.degrees && e.standard_error > 0 && *c.smallest_seen >= size) {
    c.verdict = judgement::undecided;
    c.note =
        "a difference as large as the figure itself would not have been seen" +
        would_decide(x.with_runs, x.of_each, [&](uncertainty const& u) { return u.allowed() + u.unnoticed() < size; });
  } else {
    c.verdict = judgement::agrees;
  }
  return c;
}

std::optional<double> trend_value(records::trend_metric const& t, std::string const& aggregate) {
  if (t.count == 0) return std::nullopt;
  if (aggregate == "p50") return t.p50;
  if (aggregate == "p99") return t.p99;
  return t.mean;
}

/// "redirect_ratio{phase:steady}" → the phase's metrics and "redirect_ratio"; "latency_ms.p99" → "latency_ms", "p99".
struct metric_name {
  std::string base, phase, aggregate;

  explicit metric_name(std::string const& text)
    : base(text) {
    std::string const label = "{phase:";
    if (auto const at = base.find(label); at != std::string::npos) {
      phase = base.substr(at + label.size(), base.size() - at - label.size() - 1);
      base.resize(at);
    }
    if (auto const dot = base.find('.'); dot != std::string::npos) {
      aggregate = base.substr(dot + 1);
      base.resize(dot);
    }
  }

  records::metric const* in(records::result const& r) const {
    records::metric_set const* set = phase.empty() ? &r.metrics : nullptr;
    for (records::named_metrics const& p : r.phases)
      if (!phase.empty() && p.name == phase) set = &p.metrics;
    if (!set) return nullptr;
    auto const found = set->find(base);
    return found == set->end() ? nullptr : &found->second;
  }
};

}

double sample::mean() const { return mean_of(values); }

std::optional<double> sample::deviation() const {
  if (values.size() < 2) return std::nullopt;
  double const middle = mean();
  double squares = 0;
  for (double const x : values) squares += (x - middle) * (x - middle);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

sample sample_of(std::vector<records::result> const& results, std::string const& metric) {
  metric_name const name(metric);
  sample s;
  for (records::result const& r : results) {
    records::metric const* const m = name.in(r);
    if (!m) continue;
    if (auto const* ratio = std::get_if<records::ratio_metric>(m)) {
      if (ratio->denominator == 0) continue;
      s.values.push_back(ratio->value);
      if (ratio->theory && ratio->standard_error) {
        s.expected.push_back(*ratio->theory);
        s.expected_errors.push_back(*ratio->standard_error);
      }
    } else if (auto const* trend = std::get_if<records::trend_metric>(m)) {
      if (auto const value = trend_value(*trend, name.aggregate)) s.values.push_back(*value);
    } else {
      s.values.push_back(std::get<records::counter_metric>(*m).value);
    }
  }
  return s;
}

double multiple_of(run_error const& e) { return student(e.degrees, three_sigma_tail, certain); }

std::optional<run_error> error_of_run(theory::prediction const* theory, std::vector<sample const*> const& samples) {
  if (theory && theory->value && theory->standard_error) return run_error{*theory->standard_error, std::nullopt};
  for (sample const* s : samples)
    if (auto const deviation = s->deviation()) return run_error{*deviation, static_cast<double>(s->values.size() - 1)};
  return std::nullopt;
}

statement state(sample const& s, std::optional<run_error> const& error) {
  statement what{s.mean(), std::nullopt, static_cast<unsigned>(s.values.size())};
  // Its own spread, if it shows one and theory has none.
  double const runs = static_cast<double>(s.values.size());
  if (error)
    what.standard_error =
        (error->degrees ? s.deviation().value_or(error->deviation) : error->deviation) / std::sqrt(runs);
  return what;
}

comparison against_theory(sample const& s, double theory, double relative_error,
                          std::optional<run_error> const& error) {
  compared x;
  x.against = "theory";
  x.value = s.mean();
  x.reference = theory;
  x.small = small * std::abs(theory);
  x.inexact = relative_error * std::abs(theory);
  if (!error) return compare(x);
  x.runs = static_cast<unsigned>(s.values.size());
  if (error->degrees) x.runs = static_cast<unsigned>(*error->degrees) + 1;
  x.error = uncertainty{error->deviation / std::sqrt(static_cast<double>(s.values.size())), error->degrees};
  x.with_runs = [d = error->deviation](unsigned runs) {
    return uncertainty{d / std::sqrt(static_cast<double>(runs)), static_cast<double>(runs - 1)};
  };
  return compare(x);
}

comparison against_conditioned_theory(sample const& s) {
  double variance = 0;
  for (double const e : s.expected_errors) variance += e * e;
  compared x;
  x.against = "theory";
  x.value = s.mean();
  x.reference = mean_of(s.expected);
  x.small = small * std::abs(x.reference);
  x.error = uncertainty{std::sqrt(variance) / static_cast<double>(s.expected.size()), std::nullopt};
  return compare(x);
}

comparison against_simulation(sample const& live, sample const& simulated, std::optional<run_error> const& known) {
  double const n = static_cast<double>(live.values.size()), m = static_cast<double>(simulated.values.size());
  auto const from_live = live.deviation(), from_simulated = simulated.deviation();
  compared x;
  x.against = "virtual";
  x.value = live.mean();
  x.reference = simulated.mean();
  x.of_each = true;
  x.runs = static_cast<unsigned>(std::max(live.values.size(), simulated.values.size()));
  double deviation = 0; // of one run
  if (known && !known->degrees) {
    deviation = known->deviation;
    x.error = uncertainty{deviation * std::sqrt(1 / n + 1 / m), std::nullopt};
  } else if (from_live && from_simulated) {
    double const a = *from_live * *from_live / n, b = *from_simulated * *from_simulated / m;
    // Welch–Satterthwaite (B. L. Welch, Biometrika 34, 1947).
    double const degrees = a + b > 0 ? (a + b) * (a + b) / (a * a / (n - 1) + b * b / (m - 1)) : n + m - 2;
    deviation = std::sqrt((*from_live * *from_live + *from_simulated * *from_simulated) / 2);
    x.error = uncertainty{std::sqrt(a + b), degrees};
  } else if (from_live || from_simulated) {
    deviation = from_live ? *from_live : *from_simulated;
    x.error = uncertainty{deviation * std::sqrt(1 / n + 1 / m), (from_live ? n : m) - 1};
  } else {
    return compare(x);
  }
  x.with_runs = [deviation](unsigned runs) { return uncertainty{deviation * std::sqrt(2.0 / runs), 2.0 * (runs - 1)}; };
  return compare(x);
}

}
