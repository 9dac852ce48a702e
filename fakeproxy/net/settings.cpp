#include "fakeproxy/net/settings.hpp"

#include "base/config/words.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

namespace fakeproxy::net {

namespace {

using json = nlohmann::json;
using pointer = json::json_pointer;

tcp::endpoint endpoint_at(config::document const& file, pointer const& at) {
  try {
    return parse_endpoint(file.root().at(at).get<std::string>());
  } catch (std::invalid_argument const& bad) {
    throw file.error_at(at, bad.what());
  }
}

cluster::duration from_ms(json const& value) {
  return static_cast<cluster::duration>(std::llround(value.get<double>() * 1e6));
}

/// The value at a key that is one of some words.
template<class Enum>
Enum word_at(json const& value, char const* key) {
  std::string const word = value.at(key).get<std::string>();
  auto const found = config::value_of<Enum>(word);
  if (!found)
    throw config::bad_input(std::string(key) + ": found \"" + word + "\"; allowed: " + config::listed_words<Enum>());
  return *found;
}

randomness::time_distribution read_service(config::document const& file, pointer const& at) {
  auto const only = file.root().at(at).begin(); // exactly one distribution, by the schema
  std::string const& shape = only.key();
  json const& details = only.value();
  auto const ns = [](json const& ms) { return std::chrono::nanoseconds(from_ms(ms)); };
  if (shape == "empirical") {
    randomness::empirical_time measured;
    for (json const& ms : details.at("times_ms")) measured.sorted.push_back(ns(ms));
    if (!std::is_sorted(measured.sorted.begin(), measured.sorted.end()))
      throw file.error_at(at / shape / "times_ms", "found a time that is less than the one before; allowed: rising");
    return measured;
  }
  std::chrono::nanoseconds const mean = ns(details.at("mean_ms"));
  if (shape == "exponential") return randomness::exponential_time{mean};
  if (shape == "lognormal") return randomness::lognormal_time{mean, details.at("sigma").get<double>()};
  if (shape == "pareto") return randomness::pareto_time{mean, details.at("alpha").get<double>()};
  return randomness::constant_time{mean};
}

node_settings read_node(config::document const& file, pointer const& at) {
  json const& value = file.root().at(at);
  node_settings node;
  node.role = word_at<role>(value, "role");
  node.index = value.at("index").get<std::uint16_t>();
  node.listen = endpoint_at(file, at / "listen");
  if (value.contains("eve_listen")) {
    if (node.role == role::sol) throw file.error_at(at / "eve_listen", "found eve_listen; allowed: at a proxy only");
    node.eve_listen = endpoint_at(file, at / "eve_listen");
  } else {
    node.eve_listen = {node.listen.address(), 0};
  }
  return node;
}

resources::corporations read_corporations(config::document const& file, pointer const& at) {
  json const& value = file.root().at(at);
  resources::corporations all;
  all.count = value.at("count").get<std::uint32_t>();
  if (value.contains("change_every_ms")) all.change_every = from_ms(value.at("change_every_ms"));
  all.changing = value.value("changing", all.changing);
  if (all.changing > 0 && all.change_every == 0)
    throw file.error_at(at / "changing", "found " + value.at("changing").dump() +
                                             " without change_every_ms, the time between two changes");
  return all;
}

resources::resource read_resource(json const& value, std::size_t answer_bytes) {
  resources::resource r;
  r.path = value.at("path");
  r.cache_control = value.value("cache_control", r.cache_control);
  r.vary = value.value("vary", r.vary);
  if (value.contains("validators")) r.validators = word_at<resources::validators>(value, "validators");
  r.bytes = value.value("bytes", answer_bytes);
  if (value.contains("changes_every_ms")) r.changes_every = from_ms(value.at("changes_every_ms"));
  if (value.contains("audience")) r.audience = word_at<resources::audience>(value, "audience");
  return r;
}

void read_resources(config::document const& file, proxy_behaviour& proxy) {
  pointer const list("/proxy/resources");
  json const& values = file.root().at(list);
  std::set<std::string> paths;
  for (std::size_t i = 0; i < values.size(); ++i) {
    proxy.resources.push_back(read_resource(values.at(i), proxy.answer_bytes));
    resources::resource const& r = proxy.resources.back();
    if (!paths.insert(r.path).second)
      throw file.error_at(list / i / "path", "found " + r.path + " for the second time");
    if (r.audience == resources::audience::corporation && !proxy.corporations.any())
      throw file.error_at(list / i / "audience", "found \"corporation\" without proxy.corporations, which says who is "
                                                 "in which; allowed: everyone, character");
  }
}

void read_proxy(config::document const& file, proxy_behaviour& proxy) {
  json const& value = file.root().at("proxy");
  proxy::proxy_process::settings& process = proxy.process;
  process.servers.count = value.value("servers", process.servers.count);
  process.servers.sharing = value.value("discipline", "fifo") == "processor_sharing";
  proxy.answer_bytes = value.value("answer_bytes", proxy.answer_bytes);
  if (value.contains("service_time")) proxy.service = read_service(file, pointer("/proxy/service_time"));
  if (value.contains("redirect_time_ms")) process.redirect_time = from_ms(value.at("redirect_time_ms"));
  if (value.contains("idle_ms")) process.node.idle = from_ms(value.at("idle_ms"));
  if (value.contains("patience_ms")) process.patience = from_ms(value.at("patience_ms"));
  if (value.contains("corporations")) proxy.corporations = read_corporations(file, pointer("/proxy/corporations"));
  if (value.contains("resources")) read_resources(file, proxy);
}

}

process_settings read_settings(config::document const& file) {
  file.validate(json::parse(config_schema));
  json const& root = file.root();
  process_settings s;
  auto const key = cluster::parse_token_key(root.at("token_key").get<std::string>());
  if (!key) throw file.error_at(pointer("/token_key"), "found a key that is not 32 hexadecimal digits");
  s.token_key = *key;
  if (root.contains("admin")) s.admin = endpoint_at(file, pointer("/admin"));
  s.reuse_port = root.value("reuse_port", s.reuse_port);
  s.journal_directory = root.value("journal_directory", std::string());
  s.seed = root.value("seed", s.seed);
  if (root.contains("lease_ms")) s.lease = from_ms(root.at("lease_ms"));
  for (std::size_t i = 0; i < root.at("sols").size(); ++i) s.sols.push_back(endpoint_at(file, pointer("/sols") / i));
  std::set<std::string> names;
  for (std::size_t i = 0; i < root.at("nodes").size(); ++i) {
    pointer const at = pointer("/nodes") / i;
    s.nodes.push_back(read_node(file, at));
    node_settings const& node = s.nodes.back();
    if (!names.insert(node.name()).second) throw file.error_at(at, "found " + node.name() + " for the second time");
    if (node.role == role::sol && node.index >= s.sols.size())
      throw file.error_at(at / "index", "found a sol that is not in the list 'sols'; allowed: less than " +
                                            std::to_string(s.sols.size()));
  }
  if (root.contains("proxy")) read_proxy(file, s.proxy);
  if (root.contains("sol") && root.at("sol").contains("rpc_delay_ms"))
    s.rpc_delay = from_ms(root.at("sol").at("rpc_delay_ms"));
  return s;
}

}
