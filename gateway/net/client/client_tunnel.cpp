// A WebSocket's bytes, after the 101. What the client sends goes to the upstream from the connection's buffer; what the
// upstream sends arrives as the body of an answer that ends with the connection. Neither side is read while the other
// has not taken what was read, so a tunnel holds two buffers at most, and none while it is silent.
#include "gateway/net/client/client_connection.hpp"

#include <atomic>
#include <utility>

namespace gateway::net {

/// Whether one more tunnel may open; its place is held until `leave_tunnels`.
bool client_connection::enter_tunnels() {
  std::atomic<std::uint64_t>& open = worker_.shared().shell().open_tunnels;
  std::uint64_t const before = open.fetch_add(1, std::memory_order_relaxed);
  may_tunnel_ = true;
  if (settings_->limits.websockets && before >= *settings_->limits.websockets) leave_tunnels();
  return may_tunnel_;
}

void client_connection::leave_tunnels() {
  if (std::exchange(may_tunnel_, false)) worker_.shared().shell().open_tunnels.fetch_sub(1, std::memory_order_relaxed);
}

/// The upstream has agreed; the answer's head is sent first.
void client_connection::begin_tunnel() {
  shell_counters& counters = worker_.shared().shell();
  counters.tunnels.fetch_add(1, std::memory_order_relaxed);
  record_latency();
  keep_alive_ = false;
  exchange_.begin_tunnel();
  stage_ = stage::tunnel;
  status_ = exchange_.upstream()->head().status;
  begin_answer({.framing = http::answer_framing::none,
                .upgrade = true,
                .hsts = stream_.is_secured() ? std::string_view(settings_->hsts) : std::string_view(),
                .date = worker_.date(),
                .is_upstream = &worker_.is_upstream()});
  deadline_.clear_deadline();
  worker_.set_deadline(request_deadline_, worker_.draining() ? deadline::tunnel_drain : deadline::tunnel_idle);
  auto const self = shared_from_this();
  stream_body();
  if (stage_ == stage::tunnel) carry();
}

/// Bytes have passed.
void client_connection::tunnel_lives() {
  if (!worker_.draining()) worker_.set_deadline(request_deadline_, deadline::tunnel_idle);
}

/// Counts what goes to the client now.
void client_connection::count_tunnelled() {
  std::uint64_t bytes = 0;
  for (std::string_view const piece : pieces_) bytes += piece.size();
  if (bytes == 0) return;
  tunnel_lives();
  worker_.shared().shell().tunnel_bytes_down.fetch_add(bytes, std::memory_order_relaxed);
}

/// Forwards what has come from the client.
void client_connection::carry() {
  upstream_connection* const upstream = exchange_.upstream();
  if (!upstream || carrying_) return;
  if (in_end_ > 0) {
    tunnel_lives();
    worker_.shared().shell().tunnel_bytes_up.fetch_add(in_end_, std::memory_order_relaxed);
    carrying_ = !upstream->send_raw({in_.data(), in_end_});
    if (carrying_) return;
    in_end_ = 0;
  }
  worker_.buffers().give(std::move(in_)); // `room` takes one when bytes arrive
  if (input_ended_)
    upstream->end_sending(); // what it still has to send may take its time
  else
    read();
}

void client_connection::on_sent() {
  if (!std::exchange(carrying_, false)) return;
  auto const self = shared_from_this();
  in_end_ = 0;
  if (stage_ == stage::tunnel) carry();
}

/// All that the upstream sent has been written.
void client_connection::end_tunnel() {
  leave_tunnels();
  exchange_.end(journal::hop_result::answered);
  log_request(std::chrono::steady_clock::now() - started_);
  linger();
}

/// As far as anybody knows, in the middle of a message.
void client_connection::break_tunnel(std::string_view why) {
  exchange_.note_error(why);
  exchange_.end(journal::hop_result::answered);
  stream_.leave_unfinished();
  log_request(std::chrono::steady_clock::now() - started_);
  close();
}

}
