#include "sim/engines/live/connection.hpp"

#include "sim/engines/live/clock.hpp"

#include <boost/asio/post.hpp>

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sim::live {

namespace asio = boost::asio;
using boost::system::error_code;
using records::client_outcome;

namespace {
constexpr std::size_t buffer_bytes = 32 * 1024;
}

connection::connection(client& owner, std::uint16_t balancer, std::uint32_t number)
  : owner_(owner)
  , balancer_(balancer)
  , number_(number)
  , exchange_(owner.words_,
              owner.balancers_[balancer].where.address().to_string() + ":" +
                  std::to_string(owner.balancers_[balancer].where.port()),
              owner.balancers_[balancer].forged)
  , buffer_(buffer_bytes) {}

connection::~connection() {
  tls_.reset();
  if (fd_ >= 0) ::close(fd_);
}

void connection::send(std::int64_t now) {
  record_ = owner_.record_of(what());
  record_.sent_ns = now;
  if (stage_ != stage::idle) return connect();
  stage_ = stage::busy;
  transmit();
}

void connection::connect() {
  stage_ = stage::connecting;
  ++life_;
  begin_ = end_ = 0;
  auto const& where = owner_.balancers_[balancer_].where;
  int const one = 1;
  // Without congestion to control, the simplest control costs the least: some kernels' default (BBR) paces with timers.
  // Every Linux kernel has Reno; where it may not be chosen, the default stays.
  constexpr char reno[] = "reno";
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bool const begun = fd_ >= 0 && ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0 &&
                     (::connect(fd_, where.data(), static_cast<socklen_t>(where.size())) == 0 || errno == EINPROGRESS);
  if (begun) {
    ::setsockopt(fd_, IPPROTO_TCP, TCP_CONGESTION, reno, sizeof reno - 1);
    owner_.ready_.add(fd_, (static_cast<std::uint64_t>(number_) << 32) | life_); // tells when it is connected
  } else { // later, so that a source that sends again does not recurse
    asio::post(owner_.context_, [this, life = life_] {
      if (life == life_) fail(client_outcome::connect_error);
    });
  }
}

void connection::on_ready(std::uint32_t life, std::uint32_t events) {
  if (life != life_ || stage_ == stage::closed) return;
  if (stage_ == stage::connecting) {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0) return fail(client_outcome::connect_error);
    if (tls_) return continue_handshake();
    if ((events & EPOLLOUT) == 0) return;
    if (!owner_.tls_) return on_connected();
    tls_ = owner_.tls_->connect(fd_, balancer_);
    return continue_handshake();
  }
  if (!unsent_.empty() && (events & EPOLLOUT) != 0) write_rest();
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
    read((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

void connection::continue_handshake() {
  handshake const how = shake_hands(tls_.get());
  if (how == handshake::pending) return;
  if (how == handshake::failed) return fail(client_outcome::connect_error);
  owner_.counts_.handshakes.fetch_add(1, std::memory_order_relaxed);
  if (how == handshake::resumed) owner_.counts_.resumed.fetch_add(1, std::memory_order_relaxed);
  on_connected();
}

void connection::on_connected() {
  stage_ = stage::busy;
  if (!repeats()) record_.sent_ns = now_ns();
  transmit();
}

void connection::transmit() {
  if (record_.request == 0) record_.request = owner_.ids_.fetch_add(1, std::memory_order_relaxed);
  unsent_ = exchange_.write(what(), record_.request);
  exchange_.begin_answer();
  parser_.emplace(head_);
  parser_->answer_to_head(method().verb == boost::beast::http::verb::head);
  head_seen_ = answer_began_ = false;
  if (!repeats()) owner_.counts_.sent.fetch_add(1, std::memory_order_relaxed);
  if (owner_.reading_) {
    owner_.transmit_later(*this);
  } else {
    write_rest();
  }
}

void connection::write_rest() {
  for (bool more = true; more && !unsent_.empty();) {
    ssize_t const written = tls_ ? sim::live::transmit(tls_.get(), unsent_.data(), unsent_.size())
                                 : ::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    // An error is left to the read, which sees it too and may find an answer before it.
    if (written > 0) unsent_.remove_prefix(static_cast<std::size_t>(written));
    // One record under TLS, and nothing will tell that there is room for the next; else all that there is room for.
    more = written > 0 && tls_;
  }
}

// `ends`: the stream's end or an error waits behind the bytes, and no further event will tell of it.
void connection::read(bool ends) {
  std::uint32_t const life = life_;
  while (life == life_) {
    std::size_t const room = buffer_.size() - end_;
    ssize_t const got =
        tls_ ? receive(tls_.get(), buffer_.data() + end_, room) : ::recv(fd_, buffer_.data() + end_, room, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (stage_ == stage::idle) return close(); // the balancer closed, or talks out of turn
    if (got < 0) return fail(client_outcome::reset);
    if (got == 0) return on_end_of_stream();
    end_ += static_cast<std::size_t>(got);
    on_bytes();
    // Fewer bytes than there was room for: all were read (edge-triggered epoll tells of more). Under TLS it is one
    // record's bytes, and another may wait.
    if (static_cast<std::size_t>(got) < room && !ends && !tls_) return;
  }
}

void connection::on_bytes() {
  answer_began_ = true;
  error_code wrong;
  bool const whole = advance(wrong);
  if (wrong || (!whole && end_ == buffer_.size()))
    return fail(client_outcome::malformed); // or a head beyond the buffer
  if (whole) answered();
}

bool connection::advance(error_code& error) {
  while (!head_seen_) {
    if (!parser_->parse_head(buffer_.data(), end_, error)) return false;
    begin_ = parser_->head_bytes();
    if (head_.status >= 200 || head_.status == 101) {
      head_seen_ = true;
      exchange_.on_head(head_, buffer_.data());
      break;
    }
    // An interim answer (100, 103): the final one follows.
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    parser_.emplace(head_);
    parser_->answer_to_head(method().verb == boost::beast::http::verb::head);
    if (end_ == 0) return false;
  }
  while (!parser_->done()) {
    auto const step = parser_->parse_body(buffer_.data() + begin_, end_ - begin_, error);
    if (error) return false;
    begin_ += step.consumed;
    if (!step.data.empty()) exchange_.on_body(step.data);
    if (step.consumed == 0) break;
  }
  if (parser_->done()) return true;
  // The head's bytes are not needed any more: make room.
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  return false;
}

void connection::on_end_of_stream() {
  if (head_seen_) {
    error_code error;
    parser_->end_of_input(error);
    if (!error && parser_->done()) return answered();
  }
  fail(client_outcome::reset);
}

void connection::answered() {
  bool const surplus = begin_ != end_; // bytes that belong to no answer: this connection cannot be trusted any more
  bool const may_stay = parser_->keep_alive() && !parser_->until_eof() && !surplus && unsent_.empty();
  record_.done_ns = now_ns();
  exchange_.judge(record_);
  if (surplus) record_.findings |= records::found_answer_body;
  begin_ = end_ = 0;
  if (owner_.pool_.on_answered(number_, may_stay)) {
    stage_ = stage::idle;
  } else {
    close();
  }
  owner_.complete(*this, client_outcome::answered);
}

void connection::fail(client_outcome outcome) {
  close();
  auto const final = owner_.pool_.on_failed(number_, {outcome, answer_began_, method().verb}, now_ns());
  if (!final) return connect(); // and sends it once more
  owner_.complete(*this, *final);
}

void connection::close() {
  if (stage_ == stage::closed) return;
  if (stage_ == stage::idle) owner_.pool_.on_closed(number_);
  ++life_;
  stage_ = stage::closed;
  unsent_ = {};
  tls_.reset();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}
