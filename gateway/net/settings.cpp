#include "gateway/net/settings.hpp"

#include "config/units.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/net/body_store.hpp"
#include "gateway/net/writable.hpp"
#include "journal/journal.hpp"
#include "journal/records.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gateway::net {
namespace {

using pointer = nlohmann::json::json_pointer;

/// Reads typed values out of a checked document, with errors that name the place.
class reader {
public:
  reader(config::document const& document, name_resolver const& names)
    : document_(document)
    , names_(names) {}

  nlohmann::json const* at(pointer const& where) const {
    return document_.root().contains(where) ? &document_.root()[where] : nullptr;
  }

  template<class T>
  void value(char const* where, T& out) const {
    if (auto const* value = at(pointer(where))) out = value->get<T>();
  }

  template<class T>
  void size(char const* where, T& out, std::uint64_t at_least, std::uint64_t at_most) const {
    auto const* value = at(pointer(where));
    if (!value) return;
    auto const bytes = config::parse_size(value->get<std::string>());
    if (!bytes || *bytes < at_least || *bytes > at_most)
      throw document_.error_at(pointer(where), "found " + value->dump() + "; allowed: a size from " +
                                                   std::to_string(at_least) + " to " + std::to_string(at_most) +
                                                   " bytes");
    out = static_cast<T>(*bytes);
  }

  void duration(char const* where, nanoseconds& out, bool may_be_nothing = false) const {
    auto const* value = at(pointer(where));
    if (!value) return;
    auto const parsed = config::parse_duration(value->get<std::string>());
    if (!parsed || (parsed->count() == 0 && !may_be_nothing))
      throw document_.error_at(pointer(where), "found " + value->dump() + "; allowed: a duration " +
                                                   (may_be_nothing ? "of" : "above 0 and of") + " at most a year");
    out = *parsed;
  }

  /// Where no time at all means not at all.
  void seconds(char const* where, std::int64_t& out) const {
    nanoseconds value = std::chrono::seconds(out);
    duration(where, value, true);
    out = std::chrono::duration_cast<std::chrono::seconds>(value).count();
  }

  bool flag(pointer const& where) const {
    auto const* value = at(where);
    return value && value->get<bool>();
  }

  /// A TLS context that `make` makes from files; what is wrong with them is said of `where`.
  template<class Make>
  auto tls(pointer const& where, Make make) const {
    try {
      return make();
    } catch (tls_error const& wrong) {
      throw document_.error_at(where, std::string("found ") + wrong.what() +
                                          "; allowed: PEM files that can be read and belong together");
    }
  }

  /// `flag` is the command line's name for it.
  place address(pointer const& where, char const* flag, bool allow_port_zero) const {
    std::string const text = document_.root()[where].get<std::string>();
    auto const parsed = http::parse_host_port(text, allow_port_zero);
    if (!parsed)
      throw document_.error_at(
          where, "found \"" + text + "\"; allowed: HOST:PORT with a port from " + (allow_port_zero ? "0" : "1") +
                     " to 65535, and HOST an IPv4 address of four decimal numbers, an IPv6 "
                     "address in brackets without a zone, or a name that does not end in a number");
    boost::system::error_code ec;
    endpoint const resolved = names_(*parsed, ec);
    if (ec)
      throw document_.error_at(where, "found \"" + text + "\", whose host name does not resolve (" + ec.message() +
                                          "); allowed: an IP address or a name that this machine knows (" + flag + ")");
    return {*parsed, resolved};
  }

  /// The file that is named there can be written, or made: looked at without making it.
  std::filesystem::path writable_file(pointer const& where, char const* flag) const {
    std::filesystem::path const file = document_.root()[where].get<std::string>();
    if (std::string const why = why_not_writable(file); !why.empty())
      throw document_.error_at(where, "found " + file.string() + ", which cannot be written (" + why +
                                          "); allowed: a file that can be, or that can be made in its directory (" +
                                          flag + ")");
    return file;
  }

  config::document const& document() const { return document_; }

private:
  config::document const& document_;
  name_resolver const& names_;
};

std::optional<allowed_range> parse_range(std::string_view text) {
  std::size_t const colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string network(text.substr(0, colon));
  bool const is_v6 = network.starts_with('[') && network.ends_with(']');
  if (is_v6) network = network.substr(1, network.size() - 2);
  auto const parsed = address_range::parse(network);
  if (!parsed || is_v6 != (network.find(':') != std::string::npos)) return std::nullopt;
  allowed_range range{.network = *parsed};
  std::string_view const ports = text.substr(colon + 1);
  char const* const end = ports.data() + ports.size();
  auto first = std::from_chars(ports.data(), end, range.first_port);
  if (first.ec != std::errc{}) return std::nullopt;
  range.last_port = range.first_port;
  if (first.ptr != end) {
    if (*first.ptr != '-') return std::nullopt;
    auto const last = std::from_chars(first.ptr + 1, end, range.last_port);
    if (last.ec != std::errc{} || last.ptr != end) return std::nullopt;
  }
  if (range.first_port == 0 || range.first_port > range.last_port) return std::nullopt;
  return range;
}

constexpr std::array<std::pair<routing::guess_policy, std::string_view>, 4> guess_names{
    {{routing::guess_policy::random, "random"},
     {routing::guess_policy::round_robin, "round_robin"},
     {routing::guess_policy::least_conn, "least_conn"},
     {routing::guess_policy::token_hash, "token_hash"}}};

routing::guess_policy guess_named(std::string_view name) {
  for (auto const& [policy, known] : guess_names)
    if (known == name) return policy;
  return routing::guess_policy::random;
}

constexpr char const* listen_flag = "--listen, --listen-tls";

/// Whether whoever listens at one is in the way of whoever listens at the other. `shared`: with SO_REUSEPORT only the
/// same address is.
bool overlap(endpoint const& a, endpoint const& b, bool shared) {
  if (a.port() != b.port() || a.port() == 0) return false;
  if (a.address() == b.address()) return true;
  auto const holds = [](boost::asio::ip::address const& all, boost::asio::ip::address const& one) {
    return all.is_unspecified() && (all.is_v6() || one.is_v4()); // that of IPv6 is also that of IPv4
  };
  return !shared && (holds(a.address(), b.address()) || holds(b.address(), a.address()));
}

door read_door(reader const& in, pointer const& where) {
  if (in.at(where)->is_string()) return {.at = in.address(where, listen_flag, true)};
  door d{.at = in.address(where / "address", listen_flag, true), .tls = in.flag(where / "tls")};
  if (auto const* port = in.at(where / "redirect_to_https")) {
    if (d.tls)
      throw in.document().error_at(where,
                                   "found both tls and redirect_to_https; allowed: one of them, since what comes "
                                   "with TLS is there already");
    d.https_port = port->get<std::uint16_t>();
  }
  return d;
}

std::vector<door> read_doors(reader const& in) {
  pointer const root("/listen");
  auto const* value = in.at(root);
  std::vector<door> doors;
  if (value && !value->is_array()) doors.push_back(read_door(in, root));
  if (value && value->is_array())
    for (std::size_t i = 0; i < value->size(); ++i) {
      door next = read_door(in, root / i);
      for (door const& earlier : doors)
        if (overlap(earlier.at.address, next.at.address, in.flag(pointer("/reuse_port"))))
          throw in.document().error_at(root / i, "found " + next.at.name.text() + " beside " + earlier.at.name.text() +
                                                     ", which is or holds the same; allowed: each address once");
      doors.push_back(std::move(next));
    }
  if (doors.empty())
    throw in.document().error_at(root, "found nothing; allowed: at least one HOST:PORT to listen at (--listen, "
                                       "--listen-tls)");
  return doors;
}

place read_admin(reader const& in, std::vector<door> const& doors) {
  place const at = in.address(pointer("/admin"), "--admin", true);
  for (door const& d : doors)
    if (overlap(at.address, d.at.address, false))
      throw in.document().error_at(pointer("/admin"), "found " + at.name.text() + ", where clients connect (" +
                                                          d.at.name.text() + "); allowed: another address (--admin)");
  return at;
}

std::filesystem::path read_journal(reader const& in) {
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

void read_body_directory(reader const& in, settings& s) {
  pointer const where("/body_directory");
  if (auto const* directory = in.at(where)) s.body_directory = directory->get<std::string>();
  if (s.max_body <= s.body_in_memory) return; // no body needs a file
  int const file = body_store::make_file(s.body_directory);
  if (file < 0)
    throw in.document().error_at(where, "found " + s.body_directory.string() + ", where no file can be made (" +
                                            std::generic_category().message(errno) +
                                            "); allowed: a directory for the bodies of requests beyond body_in_memory");
  ::close(file);
}

std::string read_hsts(reader const& in, pointer const& where) {
  if (!in.at(where)) return {};
  nanoseconds max_age{0};
  in.duration((where / "max_age").to_string().c_str(), max_age);
  std::string value = "max-age=" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(max_age).count());
  if (in.flag(where / "include_subdomains")) value += "; includeSubDomains";
  if (in.flag(where / "preload")) value += "; preload";
  return value;
}

void read_tls(reader const& in, settings& s) {
  pointer const root("/tls");
  if (auto const* tls = in.at(root)) {
    server_tls_settings of;
    for (auto const& pair : (*tls)["certificates"])
      of.certificates.push_back({pair["certificate"].get<std::string>(), pair["key"].get<std::string>()});
    if (auto const* lowest = in.at(root / "lowest_version")) of.only_1_3 = *lowest == "1.3";
    if (auto const* ciphers = in.at(root / "ciphers")) of.ciphers = ciphers->get<std::string>();
    auto const* const tickets = in.at(root / "ticket_key_lifetime");
    if (tickets && *tickets == "off")
      of.ticket_key_lifetime = {};
    else
      in.duration("/tls/ticket_key_lifetime", of.ticket_key_lifetime);
    s.tls = in.tls(root, [&] { return std::make_shared<server_tls>(std::move(of)); });
    s.hsts = read_hsts(in, root / "hsts");
  }
  for (door const& d : s.listen)
    if (d.tls && !s.tls)
      throw in.document().error_at(pointer("/listen"),
                                   "found " + d.at.name.text() +
                                       " with tls but no certificate; allowed: with tls.certificates "
                                       "(--certificate, --key)");
  if (auto const* upstream = in.at(pointer("/upstream_tls"))) {
    client_tls_settings of;
    if (auto const* file = in.at(pointer("/upstream_tls/ca_file"))) of.ca_file = file->get<std::string>();
    of.verify = upstream->value("verify", true);
    of.server_name = upstream->value("server_name", "");
    s.upstream_tls =
        in.tls(pointer("/upstream_tls"), [&] { return std::make_shared<client_tls const>(std::move(of)); });
  }
}

std::vector<upstream_settings> read_upstreams(reader const& in) {
  pointer const root("/upstreams");
  std::vector<upstream_settings> out;
  auto const* value = in.at(root);
  for (std::size_t i = 0; value && i != value->size(); ++i) {
    pointer const here = root / i;
    bool const plain = in.at(here)->is_string();
    upstream_settings next{.at = in.address(plain ? here : here / "address", "--upstream", false)};
    if (!plain) next.weight = in.at(here)->value("weight", 1u);
    for (upstream_settings const& earlier : out)
      if (earlier.at.name == next.at.name)
        throw in.document().error_at(here,
                                     "found " + next.at.name.text() + " a second time; allowed: each address once");
    out.push_back(std::move(next));
  }
  if (out.empty()) throw in.document().error_at(root, "found nothing; allowed: at least one HOST:PORT (--upstream)");
  return out;
}

void read_routing(reader const& in, routing::router_settings& out) {
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

std::optional<health_check_settings> read_health_checks(reader const& in) {
  if (!in.at(pointer("/health_checks"))) return std::nullopt;
  health_check_settings checks;
  in.value("/health_checks/path", checks.path);
  in.duration("/health_checks/interval", checks.interval);
  in.duration("/health_checks/timeout", checks.timeout);
  in.value("/health_checks/failures", checks.failures);
  in.value("/health_checks/successes", checks.successes);
  return checks;
}

std::optional<cache::cache_settings> read_cache(reader const& in) {
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
std::string read_password(reader const& in, pointer const& where) {
  std::string const name = in.at(where)->get<std::string>();
  std::ifstream file(name);
  std::string password;
  if (!std::getline(file, password) || password.empty())
    throw in.document().error_at(where, "found " + name +
                                            ", which has no password; allowed: a file that can be read, "
                                            "with the password as its first line");
  return password;
}

std::optional<shared_map_settings> read_shared_map(reader const& in, bool has_map) {
  pointer const root("/shared_map");
  if (!in.at(root)) return std::nullopt;
  if (!has_map)
    throw in.document().error_at(root, "found a shared map, but token_map off; allowed: with token_map, since what is "
                                       "found there is learnt");
  shared_map_settings out{.at = in.address(root / "redis", "shared_map.redis", false)};
  auto const* key = in.at(root / "key");
  std::string const digits = key ? key->get<std::string>() : std::string();
  auto const parsed = http::parse_shared_map_key(digits);
  if (!parsed) // which is a secret: it is not shown
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

trusted_proxies read_trusted_proxies(reader const& in) {
  trusted_proxies out;
  pointer const root("/trusted_proxies");
  auto const* value = in.at(root);
  for (std::size_t i = 0; value && i != value->size(); ++i) {
    auto const range = address_range::parse((*value)[i].get<std::string>());
    if (!range)
      throw in.document().error_at(root / i,
                                   "found " + (*value)[i].dump() +
                                       "; allowed: an address or NETWORK/BITS, such as 10.0.0.0/8 or fd00::/8");
    out.add(*range);
  }
  return out;
}

std::optional<shield::rate> read_rate(reader const& in, pointer const& where) {
  if (!in.at(where)) return std::nullopt;
  shield::rate r;
  r.per_second = in.at(where / "per_second")->get<double>();
  if (auto const* burst = in.at(where / "burst")) r.burst = burst->get<std::uint32_t>();
  return r;
}

client_limits read_limits(reader const& in) {
  client_limits limits;
  pointer const root("/limits");
  if (auto const* most = in.at(root / "connections_per_address"))
    limits.connections_per_address = most->get<std::uint32_t>();
  limits.requests_per_address = read_rate(in, root / "requests_per_address");
  limits.requests_per_token = read_rate(in, root / "requests_per_token");
  if (auto const* room = in.at(root / "requests_per_upstream"))
    limits.requests_per_upstream = {(*room)["at_once"].get<std::uint32_t>(), room->value("waiting", 0u)};
  in.value("/limits/head_fields", limits.head_fields);
  in.value("/limits/body_rate", limits.body_rate);
  return limits;
}

void read_timeouts(reader const& in, timeouts& out) {
  for (auto const& [where, value] :
       std::initializer_list<std::pair<char const*, nanoseconds*>>{{"/timeouts/client_head", &out.client_head},
                                                                   {"/timeouts/client_idle", &out.client_idle},
                                                                   {"/timeouts/client_body", &out.client_body},
                                                                   {"/timeouts/client_total", &out.client_total},
                                                                   {"/timeouts/client_send", &out.client_send},
                                                                   {"/timeouts/guess_wait", &out.guess_wait},
                                                                   {"/timeouts/connect", &out.connect},
                                                                   {"/timeouts/answer", &out.answer},
                                                                   {"/timeouts/request", &out.request},
                                                                   {"/timeouts/upstream_idle", &out.upstream_idle},
                                                                   {"/timeouts/linger", &out.linger},
                                                                   {"/timeouts/linger_idle", &out.linger_idle},
                                                                   {"/timeouts/drain", &out.drain}})
    in.duration(where, *value);
}

}

std::string_view name_of(routing::guess_policy policy) {
  for (auto const& [known, name] : guess_names)
    if (known == policy) return name;
  return {};
}

settings read_settings(config::document const& document, name_resolver const& names) {
  reader const in(document, names);
  settings s;
  s.listen = read_doors(in);
  in.value("/reuse_port", s.reuse_port);
  s.upstreams = read_upstreams(in);
  if (auto const* guess = in.at(pointer("/guess"))) s.guess = guess_named(guess->get_ref<std::string const&>());
  if (auto const* map = in.at(pointer("/token_map"))) {
    if (*map == "off") {
      s.token_map_bytes.reset();
    } else {
      std::uint64_t bytes = 0;
      in.size("/token_map", bytes, 1024, std::uint64_t{1} << 40);
      s.token_map_bytes = bytes;
    }
  }
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
  if (auto const* ranges = in.at(pointer("/allow_redirects_to")))
    for (std::size_t i = 0; i < ranges->size(); ++i) {
      auto const range = parse_range((*ranges)[i].get<std::string>());
      if (!range)
        throw document.error_at(
            pointer("/allow_redirects_to") / i,
            "found " + (*ranges)[i].dump() +
                "; allowed: NETWORK/BITS:PORT or NETWORK/BITS:PORT-PORT, such as 10.0.0.0/8:8000-8999 or "
                "[fd00::/8]:8000");
      s.allow_redirects_to.push_back(*range);
    }
  in.size("/max_head", s.max_head, 1024, 1u << 20);
  in.size("/max_body", s.max_body, 0, std::uint64_t{1} << 40);
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
  bool const needs_tls = std::any_of(fresh.listen.begin(), fresh.listen.end(), [](door const& d) { return d.tls; });
  if (needs_tls && !fresh.tls) { // as long as its address is open
    fresh.tls = in_force.tls;
    fresh.hsts = in_force.hsts;
  }
  keep("admin", in_force.admin, fresh.admin);
  keep("threads", in_force.threads, fresh.threads);
  keep("token_map", in_force.token_map_bytes, fresh.token_map_bytes);
  keep("shared_map", in_force.shared_map, fresh.shared_map);
  fresh.routing.shared_ttl = in_force.routing.shared_ttl;
  if (in_force.cache.has_value() != fresh.cache.has_value()) {
    note("cache");
    fresh.cache = in_force.cache;
  } else if (fresh.cache) {
    keep("cache.size", in_force.cache->rules.bytes, fresh.cache->rules.bytes);
    keep("cache.targets", in_force.cache->targets, fresh.cache->targets);
    keep("cache.session_facts.fields", in_force.cache->session_facts, fresh.cache->session_facts);
    keep("cache.session_facts.max_age", in_force.cache->facts_max_age, fresh.cache->facts_max_age);
  }
  keep("seed", in_force.seed, fresh.seed);
  keep("access_log", in_force.access_log, fresh.access_log);
  keep("journal", in_force.journal_file, fresh.journal_file);
  return differing;
}

}
