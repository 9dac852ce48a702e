#pragma once

#include "fakeproxy/resources/conditions.hpp"
#include "gateway/cache/transaction.hpp"
#include "sim/actors/resource_catalogue.hpp"
#include "sim/engines/virtual/request_state.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sim::virtual_time {

struct world;

/// A request in words, and the answer to it: what caches and resources need to know of a request.
struct http_exchange {
  std::string target;
  std::optional<std::size_t> resource; // that it asks for, of shown_resources::all

  // as its balancer has it
  std::string wire;
  gateway::http::message_head head; // of `wire`
  gateway::http::request_summary summary;
  std::uint16_t refused = 0; // with which status; 0: it is not
  std::string forwarded;     // what a proxy gets
  std::unique_ptr<gateway::cache::transaction>
      transaction; // with the balancer's cache; nullptr without, and when it is over

  // the present hop
  std::string sent;
  std::string answer;
  gateway::http::message_head answer_head; // of `answer`
  std::size_t content_bytes = 0;

  // what the client gets
  std::optional<fakeproxy::cluster::resource_mark> shows;
};

/// All exchanges of a run, where it has caches or resources. Requests and answers are those of live clients and proxies
/// as far as caches read them; contents have the right length, and no more.
class http_exchanges {
public:
  explicit http_exchanges(world& w);

  /// Whether requests need them.
  bool needed() const { return needed_; }
  /// For a new request, whose token is known.
  void begin(request_index id);
  /// For a request of a balancer's own: the same request, with its transaction.
  void pass_on(request_index from, request_index to);
  http_exchange& operator[](request_index id) { return *all_[id]; }

  /// The present hop of the request is answered. Returns the status of the answer, which is what the resource says
  /// where a proxy serves one with `status`.
  std::uint16_t answer(request_index id, std::uint16_t status, bool is_served, std::int64_t at_ns);
  /// The client will have the answer: by the proxy, …
  void take(request_index id);
  /// … or out of the cache; `confirmed`: as the proxy said that it still is.
  void take(request_index id, gateway::cache::stored_answer const& stored, bool confirmed);
  /// Whether a client may have been given what it was given, as sim/resources judges it.
  void judge(request_index id, std::int64_t done_ns);

  /// The clocks of the cluster and of caches at a moment of the run.
  gateway::cache::moment moment_at(std::int64_t at_ns) const;

private:
  std::int64_t wall_seconds(std::int64_t cluster_ns) const;
  http_exchange& place_of(request_index id);
  void note_answer(request_index id, std::string_view head);

  world& w_;
  resources::shown_resources shown_;
  bool needed_ = false;
  std::int64_t wall_phase_ns_;                      // between seconds of the wall clock and whole seconds of the run
  std::vector<std::unique_ptr<http_exchange>> all_; // by request
  std::string authorization_;                       // reused
};

}
