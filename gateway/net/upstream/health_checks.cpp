#include "gateway/net/upstream/health_checks.hpp"

#include "gateway/http/head_parser.hpp"
#include "gateway/net/log.hpp"
#include "gateway/net/transport/stream.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <functional>
#include <string>
#include <utility>

namespace gateway::net {
namespace {

constexpr std::uint32_t answer_bytes = 8192; // of an answer's head, at most

}

/// One check of one upstream, on a connection of its own.
class health_checks::check final : public stream_user, public std::enable_shared_from_this<check> {
public:
  /// `done(answered)` is called once.
  check(health_checks& owner, balancer::check_target target, std::function<void(bool)> done)
    : settings_(owner.settings_)
    , target_(std::move(target))
    , done_(std::move(done))
    , timer_(owner.context_.get_executor())
    , stream_(owner.streams_, *this)
    , parser_(head_, {.bytes = answer_bytes})
    , question_("GET " + settings_->health_checks->path + " HTTP/1.1\r\nHost: " + target_.face->text +
                "\r\nUser-Agent: crest-gateway\r\nConnection: close\r\n\r\n") {}

  void begin() {
    timer_.expires_after(settings_->health_checks->timeout);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code stopped) {
      auto const self = weak.lock();
      if (!stopped && self) self->end(false);
    });
    stream_.connect(target_.address);
  }

private:
  void on_opened(boost::system::error_code ec) override {
    if (ec) {
      end(false);
    } else if (settings_->upstream_tls && !stream_.is_secured()) {
      stream_.secure(settings_->upstream_tls->session(target_.face->name.host));
      stream_.shake_hands();
    } else {
      boost::asio::const_buffer const whole = boost::asio::buffer(question_);
      if (stream_.write_some({&whole, 1}, ec) != question_.size()) {
        end(false); // a new connection has room for one line
        return;
      }
      stream_.read();
    }
  }

  boost::asio::mutable_buffer room() override { return boost::asio::buffer(answer_) + size_; }
  void room_unused() override {}
  void on_read(boost::system::error_code ec, std::size_t bytes) override {
    size_ += bytes;
    boost::system::error_code bad;
    bool const complete = parser_.parse_head(answer_.data(), size_, bad);
    if (complete)
      end(head_.status >= 200 && head_.status < 400);
    else if (ec || bad || size_ == answer_.size())
      end(false);
    else
      stream_.read();
  }
  void on_written(boost::system::error_code, std::size_t) override {}

  void end(bool answered) {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    stream_.close();
    done_(answered);
  }

  std::shared_ptr<settings const> settings_;
  balancer::check_target target_;
  std::function<void(bool)> done_;
  steady_timer timer_;
  stream stream_;
  std::array<char, answer_bytes> answer_{};
  std::size_t size_ = 0;
  http::message_head head_;
  http::answer_parser parser_;
  std::string question_;
  bool ended_ = false;
};

health_checks::health_checks(boost::asio::io_context& context, balancer& shared)
  : context_(context)
  , shared_(shared)
  , streams_(context)
  , timer_(context.get_executor()) {}

health_checks::~health_checks() = default;

void health_checks::configure(std::shared_ptr<settings const> s) {
  bool const same = settings_ && settings_->health_checks == s->health_checks;
  settings_ = std::move(s);
  if (same) return;
  timer_.cancel();
  for (auto const& [face, known] : std::exchange(records_, {})) shared_.set_healthy(*face, true);
  if (settings_->health_checks) begin_round();
}

void health_checks::begin_round() {
  if (!settings_->health_checks) return; // they ended while this was due
  std::erase_if(records_, [](auto const& known) { return known.first->gone.load(std::memory_order_relaxed); });
  for (balancer::check_target& target : shared_.to_be_checked()) {
    record& known = records_[target.face];
    if (known.under_way) continue;
    std::uint64_t const number = ++checks_;
    known.number = number;
    known.under_way = std::make_shared<check>(*this, target, [this, target, number](bool answered) {
      // After the check has returned, since this destroys it.
      boost::asio::post(context_, [this, target, number, answered] { finished(target, number, answered); });
    });
    known.under_way->begin();
  }
  timer_.expires_after(settings_->health_checks->interval);
  timer_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped) begin_round();
  });
}

void health_checks::finished(balancer::check_target const& target, std::uint64_t number, bool answered) {
  auto const found = records_.find(target.face);
  if (found == records_.end() || found->second.number != number || !settings_->health_checks)
    return; // the configuration has changed
  record& known = found->second;
  known.under_way.reset();
  known.failures = answered ? 0 : known.failures + 1;
  known.successes = answered ? known.successes + 1 : 0;
  health_check_settings const& wanted = *settings_->health_checks;
  bool const now_healthy = target.healthy ? known.failures < wanted.failures : known.successes >= wanted.successes;
  if (now_healthy == target.healthy) return;
  shared_.set_healthy(*target.face, now_healthy);
  note("upstream " + target.face->text + (now_healthy ? " is healthy again" : " does not answer its health checks"));
}

}
