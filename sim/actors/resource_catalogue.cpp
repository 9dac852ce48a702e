#include "sim/actors/resource_catalogue.hpp"

#include "base/config/document.hpp"
#include "base/config/words.hpp"
#include "fakeproxy/resources/echo.hpp"
#include "gateway/cache/directives.hpp"

#include <algorithm>

namespace sim::actors {
namespace {

namespace cluster = fakeproxy::cluster;
namespace resources = fakeproxy::resources;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::string_view character_mark = "{character}", corporation_mark = "{corporation}";

resources::resource resource_of(scenario::resource const& r) {
  resources::resource out{.path = r.path,
                          .cache_control = r.cache_control,
                          .vary = r.vary,
                          .bytes = r.bytes,
                          .changes_every = r.changes_every.count()};
  auto const validators = config::value_of<resources::validators>(r.validators);
  auto const audience = config::value_of<resources::audience>(r.audience);
  if (!validators || !audience)
    throw config::bad_input("topology.proxies.resources: found validators \"" + r.validators + "\" and audience \"" +
                            r.audience + "\"; allowed: " + config::listed_words<resources::validators>() + "; " +
                            config::listed_words<resources::audience>());
  out.validators = *validators;
  out.audience = *audience;
  return out;
}

}

resource_catalogue catalogue_of(scenario::scenario const& s) {
  resource_catalogue out;
  std::vector<scenario::balancer_identity> const balancers = scenario::balancers_of(s);
  std::int64_t unreachable_ns = 0;
  for (scenario::balancer_identity const& b : balancers)
    if (b.settings->cache) unreachable_ns = std::max(unreachable_ns, b.settings->cache->stale_if_unreachable.count());
  for (scenario::resource const& r : s.topology.proxies.resources) {
    out.all.push_back(resource_of(r));
    out.grace_ns.push_back(grace_ns(r.cache_control, unreachable_ns));
  }
  if (auto const& all = s.topology.proxies.corporations)
    out.corporations = {all->count, all->change_every.count(), all->changing};
  for (scenario::balancer_identity const& b : balancers)
    if (b.settings->cache && !b.settings->cache->session_facts.empty())
      out.facts_max_age_ns = std::max(out.facts_max_age_ns, b.settings->cache->facts_max_age.count());
  return out;
}

std::int64_t grace_ns(std::string_view cache_control, std::int64_t stale_if_unreachable_ns) {
  gateway::cache::answer_directives said;
  said.read(cache_control);
  std::int64_t const fresh_s = said.s_maxage.value_or(said.max_age.value_or(0));
  std::int64_t const stale_s = std::max(said.stale_while_revalidate.value_or(0), said.stale_if_error.value_or(0));
  bool const forbids = said.must_revalidate || said.proxy_revalidate || said.no_cache || said.s_maxage;
  bool const by_default = !forbids && !said.stale_if_error;
  return std::max(stale_s * second_ns, by_default ? stale_if_unreachable_ns : 0) + (fresh_s + 1) * second_ns;
}

bool has_mark(std::string_view target) {
  return target.find(character_mark) != std::string_view::npos ||
         target.find(corporation_mark) != std::string_view::npos;
}

void append_target(std::string& out, std::string_view target, std::uint32_t character,
                   resources::corporations const& all) {
  while (!target.empty()) {
    if (target.starts_with(character_mark)) {
      resources::append_decimal(out, character);
      target.remove_prefix(character_mark.size());
    } else if (target.starts_with(corporation_mark)) {
      resources::append_decimal(out, resources::corporation_of(all, static_cast<cluster::character_id>(character), 0));
      target.remove_prefix(corporation_mark.size());
    } else {
      out += target.front();
      target.remove_prefix(1);
    }
  }
}

}
