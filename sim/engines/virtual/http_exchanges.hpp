#pragma once

#include "fakeproxy/resources/conditions.hpp"
#include "gateway/cache/transaction.hpp"
#include "sim/actors/resource_catalogue.hpp"
#include "sim/engines/virtual/request_state.hpp"
#include "sim/engines/virtual/run_context.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sim::virtual_time {

/// A request and the answer to it as text: what caches and resources need to know of a request.
struct http_exchange {
  std::string target;
  std::optional<std::size_t> resource; // that it asks for: index into resource_catalogue::all

  // as its balancer has it
  std::string wire;
  gateway::http::message_head head; // of `wire`
  gateway::http::request_summary summary;
  std::uint16_t refused = 0; // status of the refusal; 0: not refused
  std::string forwarded;     // what a proxy gets
  std::unique_ptr<gateway::cache::transaction>
      transaction; // with the balancer's cache; nullptr without, and when it is over

  // the present hop
  std::string sent;
  std::string answer;
  gateway::http::message_head answer_head; // of `answer`
  std::size_t content_bytes = 0;

  // what the client gets
  std::optional<fakeproxy::resources::resource_mark> shows;
};

/// The exchanges of a run that has caches or resources. Requests and answers are those of live clients and proxies as
/// far as caches read them; of contents only the length is right.
class http_exchanges {
public:
  http_exchanges(run_context& run);

  /// Whether requests need exchanges.
  bool needed() const { return needed_; }
  /// Begins the exchange of a new request, whose token is known.
  void begin(request_index id);
  /// Begins the exchange of a balancer's own request `to`, for what `from` asks; the transaction moves to it.
  void pass_on(request_index from, request_index to);
  http_exchange& operator[](request_index id) { return *all_[id]; }

  /// The present hop is answered. Returns the answer's status: the resource's, where the proxy serves one, else
  /// `status`.
  std::uint16_t answer(request_index id, std::uint16_t status, bool is_served, std::int64_t at_ns);
  /// The client will get the proxy's answer, …
  void take(request_index id);
  /// … or the cache's; `confirmed`: a proxy said that it is still valid.
  void take(request_index id, gateway::cache::stored_answer const& stored, bool confirmed);
  /// Judges whether the client may have got the answer that it got, by sim/judge/resource_answers.
  void judge(request_index id, std::int64_t done_ns);

  /// The clocks of the cluster and of caches at a moment of the run.
  gateway::cache::moment moment_at(std::int64_t at_ns) const;

private:
  std::int64_t wall_seconds(std::int64_t cluster_ns) const;
  http_exchange& place_of(request_index id);
  void note_answer(request_index id, std::string_view head);

  run_context& run_;
  actors::resource_catalogue shown_;
  bool needed_ = false;
  std::int64_t wall_phase_ns_; // offset between seconds of the wall clock and whole seconds of the run
  std::vector<std::unique_ptr<http_exchange>> all_; // by request
  std::string authorization_;                       // reused
};

}
