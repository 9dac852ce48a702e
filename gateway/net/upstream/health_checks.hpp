#pragma once

#include "gateway/net/balancer.hpp"
#include "gateway/net/settings.hpp"
#include "gateway/net/transport/sockets.hpp"
#include "gateway/net/transport/stream_set.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <map>
#include <memory>

namespace gateway::net {

/// Checks the health of upstreams and tells the balancer the result. One thread, that of its context; the balancer
/// outlives it.
class health_checks {
public:
  health_checks(boost::asio::io_context& context, balancer& shared);
  health_checks(health_checks const&) = delete;
  health_checks& operator=(health_checks const&) = delete;
  ~health_checks();

  /// Starts, changes or ends the checks. An upstream that is no longer checked counts as healthy.
  void configure(std::shared_ptr<settings const> s);

private:
  class check;
  struct record {
    std::shared_ptr<check> under_way;
    std::uint64_t number = 0;                  // of the check
    std::uint32_t failures = 0, successes = 0; // in a row
  };

  void begin_round();
  void finished(balancer::check_target const& target, std::uint64_t number, bool answered);

  boost::asio::io_context& context_;
  balancer& shared_;
  stream_set streams_;
  steady_timer timer_;
  std::shared_ptr<settings const> settings_;
  std::map<upstream_face_ptr, record> records_;
  std::uint64_t checks_ = 0;
};

}
