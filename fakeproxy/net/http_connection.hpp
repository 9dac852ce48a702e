#pragma once

#include "fakeproxy/net/request_reader.hpp"
#include "fakeproxy/net/sockets.hpp"
#include "fakeproxy/proxy/proxy_process.hpp"

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
  proxy::request_state& request() { return request_; }
  void go_on(proxy::proxy_process::next what);
  void on_service_done();

private:
  enum class phase : std::uint8_t { reading, waiting, in_service, writing, lingering, closed };

  void read();
  void on_read(error_code ec, std::size_t bytes);
  void process();
  bool step();
  void begin();
  void take_down();
  proxy::proxy_process::caller read_token();
  void served_here();
  void complete();
  void enter_service();

  void answer();
  void answer_resource();
  void answer_malformed();
  void answer_head_echo();
  void begin_answer(std::uint16_t status, cluster::time_point at);
  void add_echo(cluster::time_point at);
  void add_content(std::string_view type, std::string_view content);
  void finish(journal::hop_outcome outcome, std::uint16_t status);
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
  proxy::request_state request_;
  phase phase_ = phase::reading;
  bool begun_ = false; // the head was read and recorded
  bool processing_ = false;
  bool keep_ = false;
};

}
