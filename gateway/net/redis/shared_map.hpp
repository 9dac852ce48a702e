#pragma once

#include "gateway/exchange/shared_map_link.hpp"
#include "gateway/http/shared_value.hpp"
#include "gateway/net/redis/redis_connection.hpp"
#include "gateway/net/settings.hpp"
#include "gateway/net/transport/deadlines.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::net {

class balancer;

/// Waits for an answer of the shared map.
class shared_map_asker {
public:
  /// `ticket`: of the look-up. nullopt: no entry, or no answer in time.
  virtual void on_shared(std::uint64_t ticket, std::optional<http::shared_value> const& found) = 0;

protected:
  ~shared_map_asker() = default;
};

/// One worker's link to the token map that balancers share, which is in a Redis (docs/adr/0013): carries out what
/// exchange::shared_map_link asks for. Everything runs on the worker's thread.
class shared_map final : redis_user {
public:
  shared_map(boost::asio::io_context& context, shared_map_settings s, balancer& shared, std::mt19937_64& random);
  shared_map(shared_map const&) = delete;
  shared_map& operator=(shared_map const&) = delete;

  /// Begins to connect.
  void start();

  /// Asks where the token's session is. Returns the ticket with which `asker` is told later; 0: not asked, since the
  /// map is not usable or has too much to answer already.
  std::uint64_t look_up(std::string_view authorization, std::weak_ptr<shared_map_asker> asker);
  /// Writes that the session is at `backend` (ADDRESS:PORT), for the TTL from now on. A newer epoch stays.
  void learnt(std::string_view authorization, std::string_view backend, std::optional<std::uint64_t> epoch);
  /// Removes the entry if it says `backend`.
  void lost(std::string_view authorization, std::string_view backend);

private:
  enum class command : std::uint8_t { password, setting, learn_script, lose_script, probe, look_up, change };
  using link = gateway::exchange::shared_map_link<std::weak_ptr<shared_map_asker>>;

  void on_open() override { greet(); }
  void on_reply(redis_reply const& reply) override;
  void on_lost(std::string_view why) override;
  void connect();
  void greet();
  void on_probe_answer();
  void on_found(redis_reply const& reply);
  void refused(std::string_view text);
  void follow(std::string_view detail);
  static void release(std::vector<link::waiting> const& those);
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
  link link_;
  bool was_usable_ = false;
  bool is_open_ = false, is_connecting_ = false;
  std::string greeting_error_;
  std::string learn_sha_, lose_sha_;
  std::deque<command> in_flight_;
  std::deque<link::ticket> asked_; // the look-ups in flight
  steady_time heard_{};            // when an answer last arrived, or first became due
  steady_timer timer_;
  steady_time timer_due_ = steady_time::max();
};

}
