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
using boost::beast::http::verb;
using boost::system::error_code;
using records::client_outcome;

connection::connection(client& owner, std::uint16_t balancer, std::uint32_t number)
  : owner_(owner)
  , balancer_(balancer)
  , number_(number)
  , exchange_(owner.words_,
              owner.balancers_[balancer].where.address().to_string() + ":" +
                  std::to_string(owner.balancers_[balancer].where.port()),
              owner.balancers_[balancer].forged) {}

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
  count_one(owner_.counts_.handshakes);
  if (how == handshake::resumed) count_one(owner_.counts_.resumed);
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
  head_seen_ = answer_began_ = false;
  if (!repeats()) count_one(owner_.counts_.sent);
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
    std::vector<char>& into = end_ == 0 ? owner_.arrivals_ : rest_;
    std::size_t const room = into.size() - end_;
    ssize_t const got = tls_ ? receive(tls_.get(), into.data() + end_, room) : ::recv(fd_, into.data() + end_, room, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (stage_ == stage::idle) return close(); // the balancer closed, or talks out of turn
    if (got < 0) return fail(client_outcome::reset);
    if (got == 0) return on_end_of_stream();
    end_ += static_cast<std::size_t>(got);
    on_bytes(into.data());
    // Fewer bytes than there was room for: all were read (edge-triggered epoll tells of more). Under TLS it is one
    // record's bytes, and another may wait.
    if (static_cast<std::size_t>(got) < room && !ends && !tls_) return;
  }
}

void connection::on_bytes(char const* bytes) {
  if (!answer_began_) {
    answer_began_ = true;
    if (take_known(bytes)) return;
    begin_message();
  }
  error_code wrong;
  if (advance(bytes, wrong)) {
    bool const may_stay = parser_->keep_alive() && !parser_->until_eof();
    return answered(may_stay);
  }
  if (!wrong) keep_rest(bytes);
  if (wrong || end_ == owner_.arrivals_.size()) return fail(client_outcome::malformed); // or a head beyond the buffer
}

bool connection::take_known(char const* bytes) {
  known_head const& known = owner_.known_;
  if (!known.begins({bytes, end_}, method().verb == verb::head)) return false;
  exchange_.on_head(known.head(), bytes);
  begin_ = known.answer_bytes();
  if (begin_ != known.head_bytes()) exchange_.on_body({bytes + known.head_bytes(), begin_ - known.head_bytes()});
  answered(known.keep_alive());
  return true;
}

void connection::begin_message() {
  parser_.emplace(head_);
  parser_->answer_to_head(method().verb == verb::head);
}

bool connection::advance(char const* bytes, error_code& error) {
  std::string_view whole_head; // if it is among these bytes
  while (!head_seen_) {
    char const* const head = bytes + begin_;
    if (begin_ == end_ || !parser_->parse_head(head, end_ - begin_, error)) return false;
    begin_ += parser_->head_bytes();
    if (head_.status >= 200 || head_.status == 101) {
      head_seen_ = true;
      whole_head = {head, parser_->head_bytes()};
      exchange_.on_head(head_, head);
    } else {
      begin_message(); // that was an interim answer (100, 103): the final one follows
    }
  }
  while (!parser_->done()) {
    auto const step = parser_->parse_body(bytes + begin_, end_ - begin_, error);
    if (error) return false;
    begin_ += step.consumed;
    if (!step.data.empty()) exchange_.on_body(step.data);
    if (step.consumed == 0) break;
  }
  if (!parser_->done()) return false;
  if (!whole_head.empty() && !owner_.words_.laboratory && !parser_->chunked() && !parser_->until_eof()) {
    auto const content = static_cast<std::size_t>(bytes + begin_ - (whole_head.data() + whole_head.size()));
    owner_.known_.keep(whole_head, head_, method().verb == verb::head, content, parser_->keep_alive());
  }
  return true;
}

// The head's bytes are not needed any more, once it is whole.
void connection::keep_rest(char const* bytes) {
  std::size_t const size = end_ - begin_;
  if (size != 0) {
    rest_.resize(owner_.arrivals_.size());
    std::memmove(rest_.data(), bytes + begin_, size);
  }
  begin_ = 0;
  end_ = size;
}

void connection::on_end_of_stream() {
  if (head_seen_) {
    error_code error;
    parser_->end_of_input(error);
    if (!error && parser_->done()) return answered(false);
  }
  fail(client_outcome::reset);
}

void connection::answered(bool may_stay) {
  bool const surplus = begin_ != end_; // bytes that belong to no answer: this connection cannot be trusted any more
  record_.done_ns = now_ns();
  exchange_.judge(record_);
  if (surplus) record_.findings |= records::found_answer_body;
  begin_ = end_ = 0;
  if (owner_.pool_.on_answered(number_, may_stay && !surplus && unsent_.empty())) {
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
