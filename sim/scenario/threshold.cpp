#include "sim/scenario/threshold.hpp"

#include "base/config/document.hpp"
#include "base/config/joined.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace sim::scenario {
namespace {

struct operator_name {
  std::string_view text;
  comparison compare;
};

// Longer ones first: "<" begins "<=".
constexpr std::array<operator_name, 6> operators = {{{"<=", comparison::less_equal},
                                                     {">=", comparison::greater_equal},
                                                     {"==", comparison::equal},
                                                     {"!=", comparison::not_equal},
                                                     {"<", comparison::less},
                                                     {">", comparison::greater}}};

std::string_view form_of(metric_kind kind) {
  switch (kind) {
  case metric_kind::ratio:
    return "such as <0.05, rate<5% or <0.04 @95%";
  case metric_kind::counter:
    return "such as ==0 or count<10";
  case metric_kind::duration:
    return "such as p(99)<50, avg<=10ms, max<1s, with one of p(N) avg min max med count";
  case metric_kind::value:
    return "such as <=2.5";
  }
  return "";
}

/// Reads an expression from left to right.
class reader {
public:
  reader(std::string_view text, std::string_view allowed)
    : text_(text)
    , rest_(text)
    , allowed_(allowed) {
    skip_blanks();
  }

  bool accept(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    skip_blanks();
    return true;
  }

  double number() {
    double value = 0;
    bool const digit = !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
    auto const [end, error] =
        std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, std::chars_format::fixed);
    if (!digit || error != std::errc{}) fail("no number");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    skip_blanks();
    return value;
  }

  comparison compare() {
    for (operator_name const& op : operators) {
      if (accept(op.text)) return op.compare;
    }
    fail("no comparison (< <= > >= == !=)");
  }

  bool at_end() const { return rest_.empty(); }

  [[noreturn]] void fail(std::string_view what) const {
    std::string const at = rest_.empty() ? "at its end" : "at '" + std::string(rest_.substr(0, 40)) + "'";
    throw std::invalid_argument("found the expression '" + std::string(text_.substr(0, 80)) + "' with " +
                                std::string(what) + " " + at + "; allowed: " + std::string(allowed_));
  }

private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size())); }

  std::string_view text_, rest_, allowed_;
};

double percent_in(reader& in) {
  double const percent = in.number();
  if (percent > 100) in.fail("a percentage above 100");
  return percent;
}

void read_aggregate(reader& in, metric_kind kind, threshold_expression& e) {
  if (kind == metric_kind::ratio) in.accept("rate");
  if (kind == metric_kind::counter) in.accept("count");
  if (kind == metric_kind::value) in.accept("value");
  if (kind != metric_kind::duration) return;
  if (in.accept("p(")) {
    e.of = aggregate::percentile;
    e.percentile = percent_in(in);
    if (!in.accept(")")) in.fail("no ')'");
    return;
  }
  constexpr std::array<std::pair<std::string_view, aggregate>, 5> names = {{{"avg", aggregate::average},
                                                                            {"min", aggregate::minimum},
                                                                            {"max", aggregate::maximum},
                                                                            {"med", aggregate::median},
                                                                            {"count", aggregate::count}}};
  for (auto const& [name, of] : names) {
    if (!in.accept(name)) continue;
    e.of = of;
    return;
  }
  in.fail("no aggregate");
}

void read_unit(reader& in, metric_kind kind, threshold_expression& e) {
  if (kind == metric_kind::ratio && in.accept("%")) e.bound /= 100;
  if (kind != metric_kind::duration || e.of == aggregate::count) return;
  if (in.accept("us")) {
    e.bound /= 1000;
  } else if (!in.accept("ms") && in.accept("s")) {
    e.bound *= 1000;
  }
}

void read_confidence(reader& in, metric_kind kind, threshold_expression& e) {
  if (!in.accept("@")) return;
  if (kind != metric_kind::ratio) in.fail("a confidence, which only ratios have,");
  if (e.compare == comparison::equal || e.compare == comparison::not_equal) in.fail("a confidence with == or !=");
  double const percent = percent_in(in);
  if (percent <= 50 || percent >= 100) in.fail("a confidence that is not above 50 and below 100");
  if (!in.accept("%")) in.fail("a confidence without '%'");
  e.confidence = percent / 100;
}

[[noreturn]] void refuse(std::string found, std::vector<std::string> const& allowed, std::string_view word) {
  throw std::invalid_argument("found " + std::move(found) +
                              "; allowed: " + (allowed.empty() ? "none" : config::joined(allowed)) +
                              config::did_you_mean(word, allowed));
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}

threshold_expression parse_expression(std::string_view text, metric_kind kind) {
  reader in(text, form_of(kind));
  threshold_expression e;
  read_aggregate(in, kind, e);
  e.compare = in.compare();
  e.bound = in.number();
  read_unit(in, kind, e);
  read_confidence(in, kind, e);
  if (!in.at_end()) in.fail("more than was expected");
  return e;
}

metric_reference parse_metric(std::string_view text) {
  metric_reference reference;
  std::size_t const brace = text.find('{');
  reference.metric = std::string(trimmed(text.substr(0, brace)));
  metric_info const* const info = find_metric(reference.metric);
  if (info == nullptr)
    refuse("the unknown metric '" + reference.metric.substr(0, 80) + "'", metric_names(), reference.metric);
  if (brace == std::string_view::npos) return reference;
  std::string_view rest = trimmed(text.substr(brace + 1));
  std::string const form = reference.metric + "{label:value,...}";
  if (!rest.ends_with('}')) refuse("labels without '}'", {form}, "");
  rest.remove_suffix(1);
  auto const known = label_names(info->labels);
  for (bool more = true; more;) {
    std::size_t const comma = rest.find(',');
    std::string_view const label = trimmed(rest.substr(0, comma));
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
    std::size_t const colon = label.find(':');
    if (colon == std::string_view::npos) refuse("the label '" + std::string(label.substr(0, 80)) + "'", {form}, "");
    std::string const name(trimmed(label.substr(0, colon)));
    std::string const value(trimmed(label.substr(colon + 1)));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      refuse("the label '" + name.substr(0, 80) + "', which " + reference.metric + " does not have", known, name);
    }
    if (value.empty()) refuse("the label '" + name + "' without a value", {form}, "");
    if (!reference.labels.emplace(name, value).second) refuse("the label '" + name + "' twice", {form}, "");
  }
  return reference;
}

std::pair<comparison, double> parse_comparison(std::string_view text) {
  reader in(text, "a comparison such as \">0\" or \"==12\"");
  comparison const compare = in.compare();
  double const bound = in.number();
  if (!in.at_end()) in.fail("more than was expected");
  return {compare, bound};
}

bool holds(comparison compare, double value, double bound) {
  switch (compare) {
  case comparison::less:
    return value < bound;
  case comparison::less_equal:
    return value <= bound;
  case comparison::greater:
    return value > bound;
  case comparison::greater_equal:
    return value >= bound;
  case comparison::equal:
    return value >= bound && value <= bound;
  case comparison::not_equal:
    return value < bound || value > bound;
  }
  return false;
}

std::string_view symbol(comparison compare) {
  for (operator_name const& op : operators) {
    if (op.compare == compare) return op.text;
  }
  return "?";
}

}
