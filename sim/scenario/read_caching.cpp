// What a scenario says of caches, and of what proxies show for them.
#include "base/config/units.hpp"
#include "sim/scenario/reading.hpp"

#include <set>

namespace sim::scenario {
namespace {

std::uint64_t read_size(cursor const& at, char const* key, std::uint64_t fallback, std::uint64_t most) {
  if (!at.has(key)) return std::min(fallback, most);
  auto const bytes = config::parse_size(at.text(key, ""));
  if (!bytes || *bytes < 1024 || *bytes > most)
    at[key].fail("found \"" + at.text(key, "") + "\"; allowed: a size from 1024 to " + std::to_string(most) + " bytes");
  return *bytes;
}

resource read_resource(cursor const& at, std::uint32_t answer_bytes) {
  resource r;
  r.path = at.text("path", "");
  r.cache_control = at.text("cache_control", "");
  r.vary = at.text("vary", "");
  r.validators = at.text("validators", r.validators);
  r.bytes = at.count("bytes", answer_bytes);
  r.changes_every = at.duration("changes_every", r.changes_every);
  r.audience = at.text("audience", r.audience);
  return r;
}

}

cache_settings read_cache(cursor const& at) {
  constexpr std::uint64_t most = std::uint64_t{64} << 30;
  cache_settings cache;
  cache.bytes = read_size(at, "size", cache.bytes, most);
  if (cache.bytes < 64 * 1024) at["size"].fail("found " + at.text("size", "") + "; allowed: 64k or more");
  cache.max_answer = read_size(at, "max_answer", cache.max_answer, cache.bytes / 2);
  cache.stale_if_unreachable = at.duration("stale_if_unreachable", cache.stale_if_unreachable);
  if (!at.has("session_facts")) return cache;
  cursor const facts = at["session_facts"];
  cache.session_facts = facts["fields"].value().get<std::vector<std::string>>();
  cache.facts_max_age = facts.duration("max_age", cache.facts_max_age);
  return cache;
}

void read_resources(cursor const& at, proxy_settings& proxies) {
  if (at.has("corporations")) {
    cursor const from = at["corporations"];
    corporations all;
    all.count = from.count("count", all.count);
    all.change_every = from.duration("change_every", all.change_every);
    all.changing = from.number("changing", all.changing);
    if (all.changing > 0 && all.change_every == nanoseconds(0))
      from["changing"].fail("found characters that change without 'change_every'; allowed: together with it");
    proxies.corporations = all;
  }
  if (!at.has("resources")) return;
  cursor const list = at["resources"];
  std::set<std::string> paths;
  for (std::size_t i = 0; i < list.size(); ++i) {
    proxies.resources.push_back(read_resource(list[i], proxies.answer_bytes));
    resource const& r = proxies.resources.back();
    if (!paths.insert(r.path).second)
      list[i]["path"].fail("found " + r.path + " a second time; allowed: each path once");
    if (r.audience == "corporation" && !proxies.corporations)
      list[i]["audience"].fail("found \"corporation\" without 'corporations', which say who is in which; allowed: "
                               "everyone, character");
  }
}

}
