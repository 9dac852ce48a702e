#pragma once

#include "fakeproxy/cluster/node.hpp"
#include "fakeproxy/net/request_reader.hpp"
#include "fakeproxy/net/sockets.hpp"

#include <boost/beast/core/flat_buffer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace fakeproxy::net {

class proxy_server;

/// A balancer's connection to a proxy: one request at a time, in the order in which they came. One thread.
/// Lives until `close`, which never happens while the server or the node knows its ticket.
class http_connection : public std::enable_shared_from_this<http_connection> {
public:
  http_connection(proxy_server& server, tcp::socket socket, cluster::ticket name);

  void start();
  cluster::ticket name() const { return name_; }
  bool idle() const { return phase_ == phase::reading && !begun_ && in_.size() == 0; }
  void close();

  // What happened to the request, told by the server.
  void on_decision(cluster::decision const& how);
  void on_applied(cluster::status how);
  void on_service_done();
  /// `wait` as it was when the patience was asked for; an earlier one is void.
  void on_patience_over(std::uint64_t wait);

private:
  enum class phase : std::uint8_t { reading, deciding, in_service, applying, writing, lingering, closed };

  void read();
  void on_read(error_code ec, std::size_t bytes);
  void process();
  bool step();
  void begin();
  void decide();
  void served_here();
  void complete();
  void enter_service();
  void apply();
  bool game_state() const;

  void answer_served();
  void answer_resource();
  void answer_redirect();
  void answer_unavailable();
  void answer_unauthorized();
  void answer_malformed();
  void answer_head_echo();
  void begin_answer(std::string_view status_line, cluster::time_point at = now());
  void add_echo();
  void add_length(std::size_t bytes);
  void finish(journal::hop_outcome outcome, std::uint16_t status);
  void end_session_use();
  void write();
  void on_written(error_code ec);

  proxy_server& server_;
  tcp::socket socket_;
  cluster::ticket name_;
  boost::beast::flat_buffer in_;
  std::string out_;
  request_facts facts_;
  std::optional<request_reader> reader_;
  journal::proxy_hop* record_ = nullptr; // in the journal's mapping, or `unwritten_`
  journal::proxy_hop unwritten_{};
  cluster::character_id character_ = cluster::character_id::none;
  cluster::session_epoch epoch_ = cluster::session_epoch::none; // of the session that this request uses
  cluster::decision elsewhere_;
  cluster::time_point answered_at_ = 0; // what the answer says holds of this time
  std::uint64_t wait_ = 0;
  std::uint32_t call_ = 0;
  phase phase_ = phase::reading;
  bool begun_ = false; // the head was read, and taken down
  bool processing_ = false;
  bool serviced_ = false; // had its time of service already
  bool redirecting_ = false;
  bool keep_ = false;
};

}
