#include "gateway/net/settings.hpp"

#include "base/config/words.hpp"
#include "base/journal/journal.hpp"
#include "base/journal/records.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/net/settings_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gateway::net {
namespace {

/// The value at a key, if it is there.
template<class Enum>
void read_word(settings_reader const& in, pointer const& where, Enum& out) {
  auto const* const found = in.at(where);
  if (!found) return;
  auto const value = config::value_of<Enum>(found->get_ref<std::string const&>());
  if (!value)
    throw in.document().error_at(where, "found " + found->dump() + "; allowed: " + config::listed_words<Enum>());
  out = *value;
}

std::filesystem::path read_journal(settings_reader const& in) {
  pointer const where("/journal/file");
  std::filesystem::path const file = in.writable_file(where, "--journal");
  try {
    journal::read<journal::balancer_event>(file, "balancer_event", std::numeric_limits<std::uint64_t>::max());
  } catch (std::runtime_error const& other) {
    throw in.document().error_at(where, std::string("found ") + other.what() +
                                            "; allowed: a journal of a gateway, which is gone on with, or no file");
  }
  return file;
}

void read_body_directory(settings_reader const& in, settings& s) {
  pointer const where("/body_directory");
  if (auto const* directory = in.at(where)) s.body_directory = directory->get<std::string>();
  if (s.max_body <= s.body_in_memory) return; // no body needs a file
  int const file = make_nameless_file(s.body_directory);
  if (file < 0)
    throw in.document().error_at(where, "found " + s.body_directory.string() + ", where no file can be made (" +
                                            std::generic_category().message(errno) +
                                            "); allowed: a directory for the bodies of requests beyond body_in_memory");
  ::close(file);
}

std::filesystem::path read_token_map_file(settings_reader const& in, bool has_map) {
  pointer const where("/token_map_file");
  std::filesystem::path const file = in.at(where)->get<std::string>();
  auto const refuse = [&](std::string const& why) {
    throw in.document().error_at(where, "found " + file.string() + why);
  };
  if (!has_map) refuse(", but token_map off; allowed: with token_map, which is what is kept there");
  std::error_code ec;
  if (!file.has_filename() || std::filesystem::is_directory(file, ec))
    refuse(", which is a directory; allowed: a file in a directory where the gateway may make files");
  std::filesystem::path const directory = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  int const made = make_nameless_file(directory);
  if (made < 0)
    refuse(", and in its directory no file can be made (" + std::generic_category().message(errno) +
           "); allowed: a file in a directory where the gateway may make files");
  ::close(made);
  return file;
}

void read_routing(settings_reader const& in, routing::router_settings& out) {
  in.value("/max_redirects", out.max_redirects);
  in.value("/max_retries", out.max_retries);
  in.value("/single_guess", out.single_guess);
  in.value("/outliers/max_failures", out.max_failures);
  nanoseconds avoid_for{out.avoid_for};
  in.duration("/outliers/avoid_for", avoid_for);
  out.avoid_for = avoid_for.count();
  in.value("/retry_budget/per_request", out.retries_per_request);
  in.value("/retry_budget/burst", out.retry_burst);
}

std::optional<health_check_settings> read_health_checks(settings_reader const& in) {
  if (!in.at(pointer("/health_checks"))) return std::nullopt;
  health_check_settings checks;
  in.value("/health_checks/path", checks.path);
  in.duration("/health_checks/interval", checks.interval);
  in.duration("/health_checks/timeout", checks.timeout);
  in.value("/health_checks/failures", checks.failures);
  in.value("/health_checks/successes", checks.successes);
  return checks;
}

std::optional<cache::cache_settings> read_cache(settings_reader const& in) {
  pointer const root("/cache");
  auto const* cache = in.at(root);
  if (!cache || *cache == "off") return std::nullopt;
  cache::cache_settings out;
  in.size("/cache/size", out.rules.bytes, 64 * 1024, std::uint64_t{1} << 40);
  out.rules.max_answer = std::min(out.rules.max_answer, out.rules.bytes / 2);
  in.size("/cache/max_answer", out.rules.max_answer, 1024, out.rules.bytes / 2);
  in.value("/cache/obey_clients", out.rules.obey_clients);
  in.value("/cache/heuristic/fraction", out.rules.guess.fraction);
  in.seconds("/cache/heuristic/at_most", out.rules.guess.at_most_s);
  in.seconds("/cache/stale_if_error", out.rules.stale_if_error_s);
  in.seconds("/cache/stale_if_unreachable", out.rules.stale_if_unreachable_s);
  in.duration("/cache/wait", out.wait);
  in.value("/cache/targets", out.targets);
  for (std::string& name : out.targets) name = http::lower_case(name);
  in.value("/cache/ignored_inputs", out.ignored_inputs);
  for (std::string& name : out.ignored_inputs) name = http::lower_case(name);
  read_word(in, root / "set_cookie", out.rules.set_cookie);
  in.value("/cache/cache_status", out.shows_status);
  if (auto const* fields = in.at(root / "session_facts" / "fields")) {
    for (std::size_t i = 0; i != fields->size(); ++i) {
      std::string const name = http::lower_case((*fields)[i].get<std::string>());
      if (!http::is_internal(name))
        throw in.document().error_at(root / "session_facts" / "fields" / i,
                                     "found " + (*fields)[i].dump() +
                                         "; allowed: names that begin with X-Session-, which clients can neither send "
                                         "nor see");
      out.session_facts.push_back(name);
    }
    in.duration("/cache/session_facts/max_age", out.facts_max_age);
  }
  return out;
}

/// The first line of a file that only the gateway should be able to read.
std::string read_password(settings_reader const& in, pointer const& where) {
  std::string const name = in.at(where)->get<std::string>();
  std::ifstream file(name);
  std::string password;
  if (!std::getline(file, password) || password.empty())
    throw in.document().error_at(where, "found " + name +
                                            ", which has no password; allowed: a file that can be read, "
                                            "with the password as its first line");
  return password;
}

std::optional<shared_map_settings> read_shared_map(settings_reader const& in, bool has_map) {
  pointer const root("/shared_map");
  if (!in.at(root)) return std::nullopt;
  if (!has_map)
    throw in.document().error_at(root, "found a shared map, but token_map off; allowed: with token_map, since what is "
                                       "found there is learnt");
  shared_map_settings out{.at = in.address(root / "redis", "shared_map.redis", false)};
  auto const* key = in.at(root / "key");
  std::string const digits = key ? key->get<std::string>() : std::string();
  auto const parsed = http::parse_shared_map_key(digits);
  if (!parsed) // the key is a secret: it is not shown
    throw in.document().error_at(
        key ? root / "key" : root,
        (key ? "found " + std::to_string(digits.size()) + " characters that are no key" : std::string("found no key")) +
            "; allowed: a key of 64 hexadecimal digits, the same on all balancers: Redis is to "
            "hold no token, only hashes under this key, and all have to compute the same");
  out.key = *parsed;
  in.duration("/shared_map/ttl", out.ttl);
  if (out.ttl < std::chrono::seconds(1))
    throw in.document().error_at(root / "ttl", "found " + in.at(root / "ttl")->dump() + "; allowed: 1s or more");
  in.duration("/shared_map/timeout", out.timeout);
  in.value("/shared_map/prefix", out.prefix);
  in.value("/shared_map/database", out.database);
  if (in.at(root / "password_file")) out.password = read_password(in, root / "password_file");
  return out;
}

std::optional<admission::rate> read_rate(settings_reader const& in, pointer const& where) {
  if (!in.at(where)) return std::nullopt;
  admission::rate r;
  r.per_second = in.at(where / "per_second")->get<double>();
  if (auto const* burst = in.at(where / "burst")) r.burst = burst->get<std::uint32_t>();
  return r;
}

client_limits read_limits(settings_reader const& in) {
  client_limits limits;
  pointer const root("/limits");
  if (auto const* most = in.at(root / "connections_per_address"))
    limits.connections_per_address = most->get<std::uint32_t>();
  if (auto const* most = in.at(root / "websockets")) limits.websockets = most->get<std::uint32_t>();
  limits.requests_per_address = read_rate(in, root / "requests_per_address");
  limits.requests_per_token = read_rate(in, root / "requests_per_token");
  if (auto const* slots = in.at(root / "requests_per_upstream"))
    limits.requests_per_upstream = {(*slots)["at_once"].get<std::uint32_t>(), slots->value("waiting", 0u)};
  in.value("/limits/head_fields", limits.head_fields);
  in.value("/limits/body_rate", limits.body_rate);
  return limits;
}

void read_timeouts(settings_reader const& in, timeouts& out) {
  for (auto const& [where, value] :
       std::initializer_list<std::pair<char const*, nanoseconds*>>{{"/timeouts/client_head", &out.client_head},
                                                                   {"/timeouts/client_idle", &out.client_idle},
                                                                   {"/timeouts/client_body", &out.client_body},
                                                                   {"/timeouts/body_pause", &out.body_pause},
                                                                   {"/timeouts/client_total", &out.client_total},
                                                                   {"/timeouts/client_send", &out.client_send},
                                                                   {"/timeouts/guess_wait", &out.guess_wait},
                                                                   {"/timeouts/connect", &out.connect},
                                                                   {"/timeouts/answer", &out.answer},
                                                                   {"/timeouts/request", &out.request},
                                                                   {"/timeouts/upstream_idle", &out.upstream_idle},
                                                                   {"/timeouts/linger", &out.linger},
                                                                   {"/timeouts/linger_idle", &out.linger_idle},
                                                                   {"/timeouts/tunnel_idle", &out.tunnel_idle},
                                                                   {"/timeouts/tunnel_drain", &out.tunnel_drain},
                                                                   {"/timeouts/drain", &out.drain},
                                                                   {"/timeouts/token_map_file", &out.token_map_file}})
    in.duration(where, *value);
}

}

settings read_settings(config::document const& document, name_resolver const& names) {
  settings_reader const in(document, names);
  settings s;
  s.listen = read_listeners(in);
  in.value("/reuse_port", s.reuse_port);
  s.upstreams = read_upstreams(in);
  read_word(in, pointer("/guess"), s.guess);
  if (auto const* map = in.at(pointer("/token_map"))) {
    if (*map == "off") {
      s.token_map_bytes.reset();
    } else {
      std::uint64_t bytes = 0;
      in.size("/token_map", bytes, 1024, std::uint64_t{1} << 40);
      s.token_map_bytes = bytes;
    }
  }
  if (in.at(pointer("/token_map_file"))) s.token_map_file = read_token_map_file(in, s.token_map_bytes.has_value());
  in.value("/threads", s.threads);
  if (auto const* seed = in.at(pointer("/seed"))) s.seed = seed->get<std::uint64_t>();
  if (in.at(pointer("/admin"))) s.admin = read_admin(in, s.listen);
  in.value("/admin_writes", s.admin_writes);
  if (in.at(pointer("/access_log"))) s.access_log = in.writable_file(pointer("/access_log"), "--access-log");
  if (in.at(pointer("/journal/file"))) s.journal_file = read_journal(in);
  read_routing(in, s.routing);
  s.health_checks = read_health_checks(in);
  s.cache = read_cache(in);
  s.shared_map = read_shared_map(in, s.token_map_bytes.has_value());
  if (s.shared_map) s.routing.shared_ttl = s.shared_map->ttl.count();
  s.trusted_proxies = read_trusted_proxies(in);
  in.value("/methods", s.methods);
  for (std::string const& method : s.methods) s.allow.append(s.allow.empty() ? "" : ", ").append(method);
  in.value("/paths", s.paths);
  in.value("/websocket", s.websocket);
  read_word(in, pointer("/underscores_in_fields"), s.odd_names);
  read_word(in, pointer("/accel_path"), s.accel_path);
  s.allow_redirects_to = read_allowed_ranges(in);
  in.size("/max_head", s.max_head, 1024, 1u << 20);
  in.size("/max_body", s.max_body, 0, std::uint64_t{1} << 40);
  read_word(in, pointer("/request_buffering"), s.request_buffering);
  in.size("/body_in_memory", s.body_in_memory, 4096, 1u << 30);
  read_body_directory(in, s);
  in.value("/idle_per_upstream", s.idle_per_upstream);
  s.limits = read_limits(in);
  read_timeouts(in, s.timeouts);
  read_tls(in, s);
  return s;
}

std::string keep_what_needs_a_restart(settings const& in_force, settings& fresh) {
  std::string differing;
  auto const note = [&](char const* key) { differing.append(differing.empty() ? "" : ", ").append(key); };
  auto const keep = [&](char const* key, auto const& now, auto& wanted) {
    if (now == wanted) return;
    note(key);
    wanted = now;
  };
  keep("listen", in_force.listen, fresh.listen);
  keep("reuse_port", in_force.reuse_port, fresh.reuse_port);
  bool const needs_tls =
      std::any_of(fresh.listen.begin(), fresh.listen.end(), [](listener_settings const& d) { return d.tls; });
  if (needs_tls && !fresh.tls) { // as long as its listener is open
    fresh.tls = in_force.tls;
    fresh.hsts = in_force.hsts;
  }
  keep("admin", in_force.admin, fresh.admin);
  keep("threads", in_force.threads, fresh.threads);
  keep("token_map", in_force.token_map_bytes, fresh.token_map_bytes);
  keep("token_map_file", in_force.token_map_file, fresh.token_map_file);
  keep("shared_map", in_force.shared_map, fresh.shared_map);
  fresh.routing.shared_ttl = in_force.routing.shared_ttl;
  if (in_force.cache.has_value() != fresh.cache.has_value()) {
    note("cache");
    fresh.cache = in_force.cache;
  } else if (fresh.cache) {
    keep("cache.size", in_force.cache->rules.bytes, fresh.cache->rules.bytes);
    keep("cache.targets", in_force.cache->targets, fresh.cache->targets);
    keep("cache.ignored_inputs", in_force.cache->ignored_inputs, fresh.cache->ignored_inputs);
    keep("cache.session_facts.fields", in_force.cache->session_facts, fresh.cache->session_facts);
    keep("cache.session_facts.max_age", in_force.cache->facts_max_age, fresh.cache->facts_max_age);
  }
  keep("seed", in_force.seed, fresh.seed);
  keep("access_log", in_force.access_log, fresh.access_log);
  keep("journal", in_force.journal_file, fresh.journal_file);
  return differing;
}

}
