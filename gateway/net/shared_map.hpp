#pragma once

#include "gateway/http/shared_value.hpp"
#include "gateway/net/deadlines.hpp"
#include "gateway/net/redis_connection.hpp"
#include "gateway/net/settings.hpp"
#include "gateway/routing/shared_link.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace gateway::net {

class balancer;

/// Whoever waits for what the shared map says.
class shared_map_asker {
public:
  /// `ticket`: of the look-up. nullopt: it says nothing, or nothing in time.
  virtual void on_shared(std::uint64_t ticket, std::optional<http::shared_value> const& found) = 0;

protected:
  ~shared_map_asker() = default;
};

/// One worker's way to the token map that balancers share, which is in a Redis (docs/adr/0013). Nobody waits while it
/// is not usable, and nobody longer than `timeout`. Everything runs on the worker's thread.
///
/// A usable map that does not answer in time costs those who wait at that moment what is left of their `timeout`. Who
/// comes later does not wait until a probe was answered in time.
class shared_map final : redis_user {
public:
  shared_map(boost::asio::io_context& context, shared_map_settings s, balancer& shared, std::mt19937_64& random);
  shared_map(shared_map const&) = delete;
  shared_map& operator=(shared_map const&) = delete;

  /// Begins to connect.
  void start();

  /// Asks where the token's session is. Returns the ticket with which `asker` is told, later; 0: it is not asked, since
  /// it is not usable or has too much to answer already.
  std::uint64_t look_up(std::string_view authorization, std::weak_ptr<shared_map_asker> asker);
  /// Says that the session is at `backend` (ADDRESS:PORT), for the TTL from now on. A younger epoch stays.
  void learnt(std::string_view authorization, std::string_view backend, std::optional<std::uint64_t> epoch);
  /// Has the entry removed if it says `backend`.
  void lost(std::string_view authorization, std::string_view backend);

private:
  enum class command : std::uint8_t { password, setting, learn_script, lose_script, probe, look_up, change };
  struct waiting {
    std::uint64_t ticket;
    steady_time due;
    std::weak_ptr<shared_map_asker> asker;
  };

  void on_open() override { greet(); }
  void on_reply(redis_reply const& reply) override;
  void on_lost(std::string_view why) override;
  void connect();
  void greet();
  void on_probe_answer();
  void on_found(redis_reply const& reply);
  void refused(std::string_view text);
  void fall(routing::link_condition why, std::string_view detail);
  void release_all();
  bool may_send() const;
  bool send(command what, std::initializer_list<std::string_view> words);
  std::string name_of(std::string_view authorization) const;
  bool is_due() const { return is_connecting_ || !in_flight_.empty(); }
  steady_time silence_ends() const;
  void read_all();
  void set_timer(steady_time due);
  void on_timer();
  void arm();

  shared_map_settings const settings_;
  std::string const ttl_ms_, probe_name_;
  balancer& shared_;
  std::mt19937_64& random_;
  redis_connection connection_;
  routing::shared_link link_;
  bool is_open_ = false, is_connecting_ = false;
  bool may_lack_ = false; // what was learnt: it may have begun anew. Not after it was slow: it has enough to do then
  std::string greeting_error_;
  bool is_probing_ = false;              // since its last command of a greeting was sent
  std::optional<steady_time> probe_due_; // unless it is late already
  std::string learn_sha_, lose_sha_;
  std::deque<command> in_flight_;
  std::deque<waiting> waiting_;     // in the order of their commands
  std::deque<std::uint64_t> asked_; // tickets of the look-ups in flight
  std::uint64_t last_ticket_ = 0;
  steady_time heard_{}; // when an answer came last, or when one began to be due
  steady_timer timer_;
  steady_time timer_due_ = steady_time::max();
};

}
