#include "sim/scenario/access_log/reader.hpp"
#include "sim/scenario/log_file.hpp"
#include "sim/scenario/reading.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

namespace sim::scenario {
namespace {

/// The keys of `load` that only some kinds use; a duration stands for its _ms form too.
struct key_use {
  char const* key;
  std::vector<load_kind> kinds;
};

std::vector<key_use> const& particular_keys() {
  using enum load_kind;
  static std::vector<key_use> const keys = {{"requests_per_character", {closed}},
                                            {"concurrency", {closed}},
                                            {"think_time", {closed}},
                                            {"think_time_ms", {closed}},
                                            {"rate_rps", {constant_rate, poisson}},
                                            {"start_rate_rps", {ramping_rate}},
                                            {"stages", {ramping_rate}},
                                            {"duration", {closed, constant_rate, poisson, trace}},
                                            {"duration_ms", {closed, constant_rate, poisson, trace}},
                                            {"max_schedule_lag", {constant_rate, ramping_rate, poisson, trace}},
                                            {"max_schedule_lag_ms", {constant_rate, ramping_rate, poisson, trace}},
                                            {"file", {trace}},
                                            {"format", {trace}},
                                            {"identity", {trace}},
                                            {"max_skipped", {trace}},
                                            {"speed", {trace}},
                                            {"max_requests", {trace}},
                                            {"max_gap", {trace}},
                                            {"max_gap_ms", {trace}},
                                            {"longer_gaps", {trace}}};
  return keys;
}

bool used_by(key_use const& use, load_kind kind) {
  return std::find(use.kinds.begin(), use.kinds.end(), kind) != use.kinds.end();
}

/// Keys that the load's kind would ignore are refused: a reader would think that they do something.
void check_keys(cursor const& at, load_kind kind) {
  std::string const name = at.text("kind", "");
  for (key_use const& use : particular_keys()) {
    if (!at.has(use.key) || used_by(use, kind)) continue;
    std::string allowed;
    for (key_use const& other : particular_keys()) {
      if (used_by(other, kind) && !std::string_view(other.key).ends_with("_ms")) {
        allowed += (allowed.empty() ? "" : ", ") + std::string(other.key);
      }
    }
    at[use.key].fail("found a key that the kind \"" + name + "\" does not use; allowed: " + allowed);
  }
}

void require(cursor const& at, char const* key) {
  if (!at.has_duration(key)) {
    at.fail("found no key '" + std::string(key) + "'; allowed: an object with it, since kind is \"" +
            at.text("kind", "") + "\"");
  }
}

std::vector<std::string> read_targets(cursor const& at, std::vector<std::string> fallback) {
  return at.has("targets") ? at["targets"].value().get<std::vector<std::string>>() : std::move(fallback);
}

std::vector<mix_entry> read_mix(cursor const& at) {
  if (!at.has("mix")) return {mix_entry{}};
  std::vector<mix_entry> mix;
  cursor const entries = at["mix"];
  double total = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    cursor const from = entries[i];
    mix_entry entry;
    entry.method = from.text("method", entry.method);
    entry.weight = from.number("weight", entry.weight);
    entry.body_bytes = from.count("body_bytes", entry.body_bytes);
    entry.chunked = from.flag("chunked", entry.chunked);
    entry.targets = read_targets(from, {});
    if (entry.chunked && entry.body_bytes == 0) {
      from["chunked"].fail("found true without a body; allowed: true together with body_bytes above 0");
    }
    total += entry.weight;
    mix.push_back(std::move(entry));
  }
  if (!(total > 0)) entries.fail("found only weights of 0; allowed: at least one above 0");
  return mix;
}

void read_stages(cursor const& at, load& result) {
  require(at, "stages");
  cursor const stages = at["stages"];
  double highest = result.start_rate_rps;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (!stages[i].has_duration("duration"))
      stages[i].fail("found no key 'duration'; allowed: an object with rate_rps, duration");
    ramp_stage const stage{stages[i].number("rate_rps", 0), stages[i].duration("duration", nanoseconds(0))};
    if (stage.duration <= nanoseconds(0)) stages[i].fail("found a stage of no duration; allowed: more than 0");
    highest = std::max(highest, stage.rate_rps);
    result.duration += stage.duration;
    result.stages.push_back(stage);
  }
  if (!(highest > 0)) stages.fail("found only rates of 0; allowed: at least one rate_rps above 0");
}

constexpr char const* combined =
    R"($remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent")";

/// nginx's format, in one or several parts.
std::string format_text(cursor const& at) {
  if (at.value().is_string()) return at.value().get<std::string>();
  std::string text;
  for (auto const& part : at.value()) text += part.get_ref<std::string const&>();
  return text;
}

/// Hands `at` to what throws std::invalid_argument about it.
template<class Make>
auto made_of(cursor const& at, Make const& make) {
  try {
    return make();
  } catch (std::invalid_argument const& error) {
    at.fail(error.what());
  }
}

/// Refuses fields that a format of nginx does not have, with which every request would be without an identity.
void check_fields(cursor const& at, access_log::form const& form) {
  if (!form.format) return;
  for (std::string const& name : form.identity->names()) {
    bool const derived = (name.starts_with("cookie_") && form.format->has("http_cookie")) || name.starts_with("arg_");
    if (derived || form.format->has(name)) continue;
    std::string allowed;
    for (std::string const& known : form.format->names()) allowed += (allowed.empty() ? "$" : ", $") + known;
    std::string_view const near = config::nearest(name, form.format->names());
    at.fail("found $" + name + ", which the format does not have; allowed: " + allowed +
            (near.empty() ? "" : "; did you mean $" + std::string(near) + "?"));
  }
}

access_log::form read_form(cursor const& at, std::string const& file) {
  using access_log::text_kind;
  access_log::form form;
  auto const of_nginx = [&form](cursor const& where, std::string const& text) {
    form.kind = text_kind::nginx;
    form.format = made_of(where, [&] { return access_log::nginx_format(text); });
  };
  bool const har_name = file.ends_with(".har") || file.ends_with(".har.gz");
  std::string const word = at.has("format") && at["format"].value().is_object() ? "nginx" : at.text("format", "auto");
  if (word == "nginx") of_nginx(at["format"]["nginx"], format_text(at["format"]["nginx"]));
  if (word == "combined") of_nginx(at["format"], combined);
  if (word == "vhost_combined") of_nginx(at["format"], "$virtual_host " + std::string(combined));
  if (word == "json") form.kind = text_kind::json;
  if (word == "har" || (word == "auto" && har_name)) form.kind = text_kind::har;
  if (!at.has("identity")) return form;
  cursor const identity = at["identity"];
  form.identity = made_of(identity, [&] { return access_log::identity_rule(identity.value().get<std::string>()); });
  if (form.kind == text_kind::automatic)
    identity.fail("found an identity without the format of the log, whose fields it names; allowed: together with "
                  "format, such as \"json\" or {\"nginx\": \"...\"}");
  check_fields(identity, form);
  return form;
}

/// The clients in an access log.
std::uint32_t distinct_clients(load const& what) {
  auto const in = open_log(what.file);
  std::set<std::string> seen; // no hash: whoever wrote the log must not choose how long this takes
  auto const add = [&](access_log::request&& request, std::uint64_t) {
    seen.insert(std::move(request.client));
    return true;
  };
  try {
    access_log::read(*in, what.form, add);
  } catch (std::invalid_argument const& error) {
    throw config::bad_input(what.file.string() + ": " + error.what());
  }
  return static_cast<std::uint32_t>(std::max<std::size_t>(1, seen.size()));
}

}

load read_load(cursor const& at, std::filesystem::path const& directory) {
  load result;
  result.kind = at.choice("kind", result.kind);
  check_keys(at, result.kind);
  result.requests_per_character = at.count("requests_per_character", result.requests_per_character);
  result.concurrency = at.count("concurrency", result.concurrency);
  result.think_time = at.duration("think_time", result.think_time);
  result.start_rate_rps = at.number("start_rate_rps", 0);
  result.duration = at.duration("duration", result.duration);
  switch (result.kind) {
  case load_kind::closed:
    break;
  case load_kind::ramping_rate:
    read_stages(at, result);
    break;
  case load_kind::constant_rate:
  case load_kind::poisson:
    require(at, "rate_rps");
    require(at, "duration");
    result.rate_rps = at.number("rate_rps", 0);
    break;
  case load_kind::trace:
    require(at, "file");
    result.file = at.text("file", "") == "-" ? "-" : existing_file(at["file"], directory);
    result.form = read_form(at, result.file.filename().string());
    if (at.has("max_skipped")) result.max_skipped = at.number("max_skipped", 0);
    break;
  }
  if (at.has_duration("duration") && result.duration <= nanoseconds(0))
    at.fail("found a duration of 0; allowed: more than 0");
  result.speed = at.number("speed", result.speed);
  result.max_requests = at.count("max_requests", result.max_requests);
  result.max_gap = at.duration("max_gap", result.max_gap);
  result.longer_gaps = at.choice("longer_gaps", result.longer_gaps);
  result.balancer_choice = at.choice("balancer_choice", result.balancer_choice);
  result.connections_per_balancer = at.count("connections_per_balancer", result.connections_per_balancer);
  result.requests_per_connection = at.count("requests_per_connection", result.requests_per_connection);
  result.tls = at.flag("tls", result.tls);
  if (at.has("tls_resume") && !result.tls)
    at["tls_resume"].fail("found a key that a load without TLS does not use; allowed: together with tls");
  result.tls_resume = at.flag("tls_resume", result.tls_resume);
  result.threads = at.count("threads", result.threads);
  result.timeout = at.duration("timeout", result.timeout);
  if (result.timeout <= nanoseconds(0)) at.fail("found a timeout of 0; allowed: more than 0");
  result.max_schedule_lag = at.duration("max_schedule_lag", result.max_schedule_lag);
  result.mix = read_mix(at);
  result.targets = read_targets(
      at, {"/", "/characters/{character}/", "/market/10000002/orders/sell/?type=34", "/inventory/types/%33%34/"});
  return result;
}

population read_population(cursor const& root, scenario const& s) {
  population result;
  bool const trace = s.load.kind == load_kind::trace;
  if (trace) result.characters = distinct_clients(s.load);
  if (!root.has("population")) return result;
  cursor const at = root["population"];
  result.characters = at.count("characters", result.characters);
  if (at.has("popularity") && at["popularity"].value().is_object()) {
    result.zipf = at["popularity"].number("zipf", 0);
    if (s.load.kind == load_kind::closed || trace) {
      at["popularity"].fail(
          std::string("found {\"zipf\": ...} with a ") + (trace ? "trace" : "closed") + " load, " +
          (trace ? "which brings its own popularity" : "in which each character sends the same number") +
          "; allowed: \"uniform\"");
    }
  }
  result.token_bytes = at.count("token_bytes", result.token_bytes);
  result.token_rotation_rps = at.number("token_rotation_rps", result.token_rotation_rps);
  result.junk_share = at.number("junk_share", result.junk_share);
  result.no_token_share = at.number("no_token_share", result.no_token_share);
  if (result.junk_share + result.no_token_share > 1) {
    at["no_token_share"].fail("found junk_share + no_token_share above 1; allowed: at most 1");
  }
  result.eve_clients = at.count("eve_clients", result.eve_clients);
  result.eve_request_rate_rps = at.number("eve_request_rate_rps", result.eve_request_rate_rps);
  result.eve_notification_rate_rps = at.number("eve_notification_rate_rps", result.eve_notification_rate_rps);
  result.logged_in = at.number("logged_in", static_cast<double>(result.eve_clients) / result.characters);
  auto const logged_in = static_cast<std::uint64_t>(std::llround(std::min(result.logged_in, 1.0) * result.characters));
  if (result.eve_clients > logged_in || result.logged_in > 1) {
    at["eve_clients"].fail("found " + std::to_string(result.eve_clients) + " EVE clients; allowed: at most " +
                           std::to_string(logged_in) + ", the characters that are logged in");
  }
  return result;
}

}
