#include "sim/theory/explain.hpp"
#include "sim/theory/redirects.hpp"
#include "sim/theory/routed.hpp"

#include <cmath>
#include <utility>

namespace sim::theory {
namespace {

using scenario::load_kind;

/// Che's approximation against exact LRU under Zipf 0.6 to 1.2 (tests/sim/theory): within 2 %.
constexpr double che_error = 0.02;

/// The wording for one scenario's model.
class wording {
public:
  wording(scenario::scenario const& s, routing_model const& m)
    : s_(s)
    , m_(m) {}

  bool closed() const { return s_.load.kind == load_kind::closed; }
  bool bounded() const { return m_.map && !std::isinf(m_.capacity); }

  /// Guesses, per token in a closed load, in all in an open one.
  std::string guesses() const {
    if (!m_.map) return closed() ? "D = R" : "G = N";
    if (closed()) return m_.balancers == 1 ? "D = 1" : "D = B (1 - (1 - 1/B)^R)";
    if (!bounded()) return "G = sum_i B (exp(-l_i N0/B) - exp(-l_i N1/B))";
    return "G = N - sum_i (l_i integral over N0..N1 of 1 - exp(-(l_i/B) min(n, t_C)) dn), "
           "sum_i (1 - exp(-(l_i/B) t_C)) = C";
  }
  std::string redirects() const {
    std::string const miss = " (P - 1)/P";
    if (m_.hash_guess) return closed() ? "q D" + miss : "q G" + miss;
    return closed() ? "(D - 1 + q)" + miss : "(G - S)" + miss;
  }
  std::string sessions() const { return closed() ? "T (1 - q)" : "sum_i (1 - q) (exp(-l_i N0) - exp(-l_i N1))"; }
  std::string where() const {
    std::string const g = guesses();
    return closed() ? ", " + g : ", " + g + (m_.hash_guess ? "" : ", S = " + sessions());
  }

  std::vector<formula_input> inputs(request_window w) const {
    std::vector<formula_input> in{{"B", "maps over which a token's requests are spread", m_.balancers, ""},
                                  {"P", "proxies", m_.proxies, ""},
                                  {"T", "characters", m_.characters, ""},
                                  {"q", "share of characters with a session before", m_.logged_in, ""}};
    if (closed()) {
      in.push_back({"R", "requests of each character", double(s_.load.requests_per_character), ""});
      return in;
    }
    in.push_back({"N0", "requests before", w.from, ""});
    in.push_back({"N1", "requests until the end", w.to, ""});
    in.push_back({"s", "Zipf exponent of l_i, the share of character i; 0: uniform", s_.population.zipf, ""});
    if (!bounded()) return in;
    std::vector<token_class> at_one = popularity_classes(m_.characters, s_.population.zipf);
    for (token_class& c : at_one) c.rate /= m_.balancers;
    in.push_back({"C", "entries of the map", m_.capacity, ""});
    in.push_back(
        {"t_C", "characteristic time, in requests of the whole load", characteristic_time(at_one, m_.capacity), ""});
    in.push_back({"h", "hit ratio in the long run", hit_ratio(at_one, m_.capacity), ""});
    return in;
  }

  /// `of_guesses`: those about the number of guesses as well, not only about where sessions begin.
  std::vector<std::string> assumptions(bool of_guesses = true) const {
    std::vector<std::string> all;
    all.push_back(m_.hash_guess ? "every balancer guesses the same proxy from the token"
                                : "each guess is uniform over P proxies and independent of all others");
    all.push_back("requests of a token do not overlap before its session exists");
    all.push_back("sessions do not move or end, no request fails");
    if (closed()) {
      if (m_.balancers > 1) all.push_back("each request chooses its balancer uniformly and independently");
    } else {
      all.push_back("each request's character is drawn independently, with constant shares");
    }
    if (m_.shared_map && of_guesses)
      all.push_back(
          "a token's entry is in the shared map before its next request is looked up there (what is looked up "
          "sooner is guessed again: raced)");
    if (m_.map && !bounded()) all.push_back("the maps forget nothing (they hold every character)");
    if (bounded())
      all.push_back("Che's approximation of exact LRU: one map a balancer, each request refreshes its entry");
    return all;
  }

private:
  scenario::scenario const& s_;
  routing_model const& m_;
};

/// The ratios of one window; `label` is "" or "{phase:NAME}".
void add_ratios(std::vector<prediction>& out, wording const& words, routing_model const& m, routed const& r,
                request_window w, std::string const& label, bool with_guesses) {
  prediction base;
  base.inputs = words.inputs(w);
  base.assumptions = words.assumptions();
  base.relative_error = words.bounded() ? che_error : 0;
  base.unless_raced = m.shared_map;
  auto const put = [&](std::string metric, double value, std::optional<double> error, std::string formula) {
    prediction p = base;
    p.metric = std::move(metric) + label;
    p.value = value;
    p.standard_error = error;
    p.formula = std::move(formula);
    out.push_back(std::move(p));
  };
  std::string const per = words.closed() ? " / R" : " / N", where = words.where();
  put("redirect_ratio", r.redirect_ratio(), r.redirect_ratio_error, words.redirects() + per + where);
  if (!with_guesses) return;
  put("hops_per_request", 1 + r.redirect_ratio(), r.redirect_ratio_error, "1 + " + words.redirects() + per + where);
  std::string const guesses = words.closed() ? "D" : "G";
  put("map_hit_ratio", r.map_hit_ratio(), m.map ? r.map_hit_ratio_error : 0,
      "1 - " + guesses + per + ", " + words.guesses());
  put("guess_hit_ratio", r.guess_hit_ratio(), r.guess_hit_ratio_error,
      "1 - " + words.redirects() + " / " + guesses + where);
}

std::vector<prediction> broken_routing(routing_choice const& choice) {
  std::vector<prediction> out;
  for (char const* metric :
       {"redirect_ratio", "hops_per_request", "map_hit_ratio", "guess_hit_ratio", "sessions_created"}) {
    prediction p;
    p.metric = metric;
    p.broken = choice.broken;
    bool const has_form = p.metric == "redirect_ratio" || p.metric == "hops_per_request";
    if (has_form) p.conditional = choice.conditional;
    out.push_back(std::move(p));
  }
  return out;
}

double seconds(scenario::nanoseconds t) { return static_cast<double>(t.count()) * 1e-9; }

void add_phases(std::vector<prediction>& out, scenario::scenario const& s, wording const& words, routing_model const& m,
                std::vector<token_class> const& popularity) {
  if (s.phases.size() < 2) return;
  double from = 0;
  for (scenario::phase const& phase : s.phases) {
    bool const last = &phase == &s.phases.back();
    request_window const w{from, requests_by(s.load, last ? seconds(s.load.duration) : seconds(phase.until))};
    routed const r = route_open(m, popularity, w, s.load.kind == load_kind::poisson);
    add_ratios(out, words, m, r, w, "{phase:" + phase.name + "}", false);
    from = w.to;
  }
}

}

std::vector<prediction> explain_routing(scenario::scenario const& s) {
  routing_choice const choice = model_of(s);
  if (!choice.broken.empty()) return broken_routing(choice);
  routing_model const& m = choice.model;
  wording const words(s, m);
  std::vector<token_class> const popularity = popularity_classes(m.characters, s.population.zipf);
  request_window const whole{0, requests_by(s.load, seconds(s.load.duration))};
  routed const r = words.closed() ? route_closed(m, s.load.requests_per_character)
                                  : route_open(m, popularity, whole, s.load.kind == load_kind::poisson);
  std::vector<prediction> out;
  add_ratios(out, words, m, r, whole, "", true);
  prediction sessions = out.front();
  sessions.metric = "sessions_created";
  sessions.unit = "sessions";
  sessions.value = r.sessions_created;
  sessions.standard_error = r.sessions_created_error;
  sessions.relative_error = 0;
  if (std::exchange(sessions.unless_raced, false)) // however many guesses, it is created once
    sessions.assumptions = words.assumptions(false);
  sessions.formula = words.sessions();
  out.push_back(sessions);
  // All balancers are alike (model_of), so one shows what all of them do; the error of one balancer's share is larger,
  // and not known.
  if (auto const all = scenario::balancers_of(s); all.size() > 1) {
    prediction one = out.front();
    one.metric = "redirect_ratio{balancer:" + all.front().name + "}";
    one.standard_error = r.redirect_ratio_error == 0.0 ? r.redirect_ratio_error : std::nullopt;
    one.assumptions.push_back("the " + std::to_string(all.size()) + " balancers are alike: each shows what all do");
    out.push_back(std::move(one));
  }
  if (!words.closed()) add_phases(out, s, words, m, popularity);
  return out;
}

}
