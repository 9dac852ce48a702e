#include "sim/studies/plan/run_book.hpp"

#include "base/config/document.hpp"
#include "base/config/version.hpp"
#include "sim/studies/sweep/fingerprint.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace sim::plan {
namespace {

using nlohmann::json;

json to_json(std::string const& key, run_values const& run) {
  json values = json::array();
  for (auto const& value : run.values) values.push_back(value ? json(*value) : json(nullptr));
  return {{"run", key}, {"values", std::move(values)}, {"refusal", run.refusal}, {"invalid", run.invalid}};
}

run_values run_from(json const& written) {
  run_values run;
  for (json const& value : written.at("values"))
    run.values.push_back(value.is_null() ? std::nullopt : std::optional(value.get<double>()));
  run.refusal = written.at("refusal").get<std::string>();
  run.invalid = written.value("invalid", false);
  return run;
}

/// What is the same for all runs of a plan. Not the rest of its section "plan", which may be changed.
std::string common_of(definition const& d) {
  json root = d.base.root();
  std::string const files = sweep::file_digests().of(root, std::filesystem::absolute(d.file).parent_path());
  for (char const* key : {"$schema", "description", "plan", "axes", "axes_combine"}) root.erase(key);
  std::string text = std::string(config::version) + "\n" + root.dump(-1, ' ', false, json::error_handler_t::replace) +
                     "\n" + files + std::to_string(d.loss_at_share) + "\n" +
                     (d.settle ? std::to_string(d.settle->count()) : "") + "\n";
  for (goal const& g : d.goals) text += g.text() + "\n";
  if (d.find) text += "find\n"; // its runs are held to their schedule more strictly
  if (d.measured()) text += "measured\n";
  return text;
}

}

run_book::run_book(std::filesystem::path file)
  : file_(std::move(file)) {
  std::ifstream in(file_, std::ios::binary);
  for (std::string line; std::getline(in, line);) {
    broken_end_ = in.eof(); // without its line feed
    json const written = json::parse(line, nullptr, false);
    try {
      runs_[written.at("run").get<std::string>()] = run_from(written);
    } catch (json::exception const&) { // as if it were not there
    }
  }
  for (auto const& [key, run] : runs_) earlier_.insert(key);
}

std::optional<run_values> run_book::find(std::string const& key) const {
  std::lock_guard const lock(mutex_);
  auto const at = runs_.find(key);
  if (at == runs_.end()) return std::nullopt;
  found_ += earlier_.erase(key);
  return at->second;
}

void run_book::keep(std::string const& key, run_values const& values) {
  std::lock_guard const lock(mutex_);
  runs_[key] = values;
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  out << (broken_end_ ? "\n" : "") << to_json(key, values).dump(-1, ' ', false, json::error_handler_t::replace) << "\n"
      << std::flush;
  broken_end_ = !out;
  if (!out) problem_ = "cannot write " + file_.string() + ": " + std::generic_category().message(errno);
}

std::string run_book::problem() const {
  std::lock_guard const lock(mutex_);
  return problem_;
}

std::size_t run_book::found() const {
  std::lock_guard const lock(mutex_);
  return found_;
}

evaluation remembered(definition const& d, evaluation evaluate, run_book& book) {
  return [&d, &book, common = common_of(d),
          evaluate = std::move(evaluate)](std::size_t candidate, std::size_t circumstance, std::uint32_t replication) {
    std::string const key = sweep::digest(common + json(sweep::values_of(d.points[candidate])).dump() + "\n" +
                                          d.circumstances[circumstance].text() + "\n" + std::to_string(replication));
    if (auto known = book.find(key)) return *known;
    run_values run = evaluate(candidate, circumstance, replication);
    bool const may_differ = run.invalid && d.measured(); // when it is run again
    if (!may_differ) book.keep(key, run);
    return run;
  };
}

}
