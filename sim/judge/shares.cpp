#include "sim/judge/shares.hpp"

#include <stdexcept>
#include <string>

namespace sim::judge {

share share_of(std::string_view ratio, std::optional<std::size_t> why, std::size_t slot, records::run_view const& v,
               std::vector<request_facts> const& facts, routing_history const& history) {
  request_facts const& f = facts[slot];
  choice const chosen = history.first_choice[slot];
  if (ratio == "redirect_ratio") {
    share s{f.redirects, f.needed_proxy};
    if (!why) return s;
    s.above = 0;
    for (std::uint32_t h : v.hops(slot)) s.above += history.hop_reason[h] == *why;
    return s;
  }
  if (ratio == "hops_per_request") return {f.hops, f.needed_proxy};
  if (ratio == "failed_ratio") return {f.failed.has_value(), 1};
  if (ratio == "map_hit_ratio") return {chosen == choice::map, chosen != choice::unknown};
  if (ratio == "stale_hit_ratio") return {history.stale[slot], chosen == choice::map};
  if (ratio == "guess_hit_ratio") return {f.redirects == 0, chosen == choice::guess};
  if (ratio == "cache_hit_ratio") {
    records::client_record const& c = v.client(slot);
    return {!f.needed_proxy && c.from_cache, f.answered && c.asks_resource};
  }
  throw std::logic_error("no share of a request in the ratio " + std::string(ratio));
}

std::uint64_t cluster_of(records::client_record const& c, std::size_t slot) {
  return c.kind == records::token_kind::own ? std::uint64_t{c.character} << 32 | c.token : ~std::uint64_t{0} - slot;
}

}
