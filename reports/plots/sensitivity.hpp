#pragma once

#include "reports/plots/plots.hpp"

#include <limits>
#include <string>
#include <vector>

namespace reports::plots {

/// One input, and the result at its low and its high end. NaN: no result there.
struct influence {
  std::string name;
  double low = std::numeric_limits<double>::quiet_NaN(), high = std::numeric_limits<double>::quiet_NaN();
};

/// What a tornado shows.
struct sensitivity {
  std::string result = "result", caption;
  std::string missing = "no result"; // what it means that there is none
  std::string subject;               // of the title; empty: the result
  double base = 0;
  std::vector<influence> inputs; // the widest first
};

/// Reads the one result:
/// - tornado.csv of `crest-sim plan`, or the directory that has it: input, low, base, high, price_low, price_base,
///   price_high, metric, metric_low, …; the price, or with --metric the metric of that name; scenario and seed are in
///   plan.json beside it;
/// - CSV with the columns name, low, high, base;
/// - JSON: {"base": 18, "inputs": [{"name": …, "low": 17, "high": 20}]}, with result, scenario, engine, seed if known.
/// Throws `config::bad_input`.
sensitivity read_sensitivity(order const& o);

}
