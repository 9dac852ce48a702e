#pragma once

#include "gateway/exchange/course.hpp"
#include "gateway/net/client/body_store.hpp"
#include "gateway/net/redis/shared_map.hpp"
#include "gateway/net/upstream/upstream_connection.hpp"
#include "gateway/net/worker.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::net {

/// The user of an exchange. Calls come from the worker's loop or from within a call to the exchange.
class exchange_user {
public:
  /// The final answer's head has arrived, and was shown to the cache; the route is over. Its body follows from
  /// `upstream()`.
  virtual void on_answer() = 0;
  /// The answer is what the cache has stored; no hop is under way.
  virtual void on_stored() = 0;
  /// The request accepts only a stored answer, and there is none.
  virtual void on_not_stored() = 0;
  /// More of the answer's body, or its end, can be taken.
  virtual void on_more() = 0;
  /// An interim answer's head is at `upstream()`, until this returns.
  virtual void on_interim() {}
  /// In a tunnel: the upstream's connection has now taken what it did not take at once, or it is broken.
  virtual void on_sent() {}
  /// The answer's body broke off, or no upstream answers. `why` is the router's reason; `error()` has that of RFC 9209.
  virtual void on_refused(routing::refusal why) = 0;
  /// The holder of the exchange, so that late calls find it or find it gone.
  virtual std::shared_ptr<void> holder() = 0;

protected:
  ~exchange_user() = default;
};

/// Carries one request: asks the cache, the router and the shared map as its course decides, makes the hops, waits.
/// Reused from request to request. One thread.
class exchange final : public hop_user, public shared_map_asker {
public:
  exchange(worker& w, exchange_user& user)
    : worker_(w)
    , user_(user)
    , patience_(*this) {}

  /// What is sent. It does not change until `end`, except that more of the body arrives.
  struct request {
    std::string_view head; // as an upstream gets it, unless the cache wants it otherwise
    routing::request_facts<http::token_digest> const* facts = nullptr;
    cache::transaction* cached = nullptr; // nullptr: without a cache
    body_store* body = nullptr;           // nullptr: none
    bool chunked = false;
    bool is_head = false;
    journal::request_id lab_request = 0;
    bool is_own = false;              // of the gateway, not of a client
    std::string_view websocket_key{}; // not empty: a WebSocket is asked for
  };

  /// Forgets the previous request.
  void reset();
  void start(request const& what);
  void body_arrived() {
    if (upstream_) upstream_->body_arrived();
  }
  /// The current hop, if any, is over; its connection goes back to the pool if possible.
  void end(journal::hop_result result);
  /// The answer is no longer wanted; ends the current hop.
  void abandon(journal::hop_result result);
  /// The answer is 101, and the tunnel takes as long as it likes: it no longer counts as a request that others wait
  /// for.
  void begin_tunnel() { leave_upstream(); }
  /// Sets `error()`.
  void note_error(std::string_view error) { error_ = error; }

  /// The guess that it waited for is over, …
  void on_wake();
  /// … or the fetch.
  void on_fetch_complete(cache::fetch_outcome how);
  void on_shared(std::uint64_t ticket, std::optional<http::shared_value> const& found) override;
  /// False if it no longer waits for that admission.
  bool on_slot(std::uint64_t ticket);

  /// The connection with the answer, from `on_answer` to `end`; nullptr without.
  upstream_connection* upstream() const { return upstream_.get(); }
  std::string const& error() const { return error_; } // RFC 9209 error of the last failure; empty without one
  /// With refusal::bad_answer: what is wrong with it.
  std::string_view bad_answer() const { return bad_answer_; }
  gateway::exchange::course const& course() const { return course_; }
  unsigned hops() const { return course_.hops; }
  /// How the last hop's upstream was chosen; empty without one.
  std::string_view chosen_by() const;
  /// HOST:PORT of the upstream asked last; empty: none was.
  std::string_view last_upstream() const {
    return last_.face ? std::string_view(last_.face->text) : std::string_view();
  }

private:
  struct patience final : deadline_owner { // with another's guess or fetch
    explicit patience(exchange& of)
      : of_(of) {}
    void on_deadline() override { of_.on_patience_end(); }
    exchange& of_;
  };

  void perform(routing::action const& next);
  void tell_others(routing::action const& next);
  void go_on(gateway::exchange::step next, routing::action const& how = {});
  void route();
  void be_patient(deadline which);
  void send_hop(routing::action const& next);
  void make_hop(routing::action const& next);
  bool may_enter(routing::action const& next);
  void leave_upstream();
  void follow_redirect(std::string_view location, bool once);
  bool may_follow(std::string_view named, std::string& other) const;
  void on_answer_head() override;
  void on_interim_head() override { user_.on_interim(); }
  void on_answer_body() override;
  void on_sent() override { user_.on_sent(); }
  void on_hop_failed(hop_failure const& failure) override;
  void on_patience_end();
  void look_up();
  std::string_view authorization() const;
  void wake_others() { worker_.wake(route_.key); }
  std::shared_ptr<exchange> shared() { return {user_.holder(), this}; }

  worker& worker_;
  exchange_user& user_;
  patience patience_;
  request what_;
  std::string_view head_;     // what is sent
  std::string followed_head_; // with a target that an upstream named; then `head_` views this
  live_route route_;
  gateway::exchange::course course_;
  std::uint64_t looked_up_ = 0; // the ticket of the shared map's answer that it waits for; 0: none
  bool answered_ = false;       // by the present hop
  routing::upstream_id slot_at_ = routing::no_upstream; // where it was admitted, if upstreams are limited
  bool holds_slot_ = false;
  std::optional<routing::action> waiting_hop_; // for admission
  std::uint64_t ticket_ = 0;
  std::string error_;
  std::string_view bad_answer_;
  std::shared_ptr<upstream_connection> upstream_;
  balancer::destination last_; // of the last hop
  journal::balancer_event* hop_record_ = nullptr;
};

}
