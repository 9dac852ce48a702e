// What of a balancer's map outlives its process.
#include "gateway/exchange/map_image.hpp"
#include "gateway/net/balancer.hpp"

#include <vector>

namespace gateway::net {

balancer::kept_map balancer::keep_map() {
  std::lock_guard const lock(mutex_);
  std::vector<std::string> names;
  std::vector<routing::upstream_id> places(upstreams_.size(), routing::no_upstream); // by id
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) {
    if (!router_.upstream(routing::upstream_id{i}).known) continue;
    places[i] = routing::upstream_id{static_cast<std::uint32_t>(names.size())};
    names.push_back(upstreams_[i].face->text);
  }
  exchange::map_image_writer image(key_, names, router_.map_entries());
  router_.for_each_kept([&](exchange::kept_token entry) {
    entry.upstream = places[routing::index_of(entry.upstream)];
    image.add(entry);
  });
  std::size_t const entries = image.entries();
  return {image.finish(), entries};
}

map_file_report balancer::restore_map(exchange::map_image const& image) {
  std::lock_guard const lock(mutex_);
  key_ = image.key();
  std::vector<routing::upstream_id> ids; // by place; as for any name that a proxy gives
  for (std::string_view const name : image.upstreams()) {
    auto const at = http::parse_host_port(name);
    ids.push_back(at ? resolve_target(*at) : routing::no_upstream);
  }
  auto const id_of = [&](std::size_t entry) { return ids[routing::index_of(image[entry].upstream)]; };
  // The latest, if there is no room for all.
  std::size_t first = image.size();
  for (std::size_t fitting = 0; first != 0 && fitting != router_.proven_capacity(); --first)
    if (id_of(first - 1) != routing::no_upstream) ++fitting;
  std::int64_t const now = monotonic_ns();
  std::uint64_t restored = 0;
  for (std::size_t i = first; i != image.size(); ++i) {
    exchange::kept_token entry = image[i];
    entry.upstream = id_of(i);
    if (entry.upstream == routing::no_upstream) continue;
    router_.restore(entry, now);
    ++restored;
  }
  map_file_ = map_file_report{.restored = restored, .dropped = image.size() - restored};
  return *map_file_;
}

void balancer::report(map_file_report const& what) {
  std::lock_guard const lock(mutex_);
  map_file_ = what;
}

}
