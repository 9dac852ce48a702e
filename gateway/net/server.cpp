#include "gateway/net/server.hpp"

#include "gateway/net/admin/admin.hpp"
#include "gateway/net/log.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <csignal>
#include <malloc.h>
#include <memory>
#include <mutex>
#include <random>
#include <utility>

namespace gateway::net {
namespace {

/// The mutex of the cache that threads share.
class mutex final : public cache::mutex_base {
public:
  void lock() override { mutex_.lock(); }
  void unlock() override { mutex_.unlock(); }

private:
  std::mutex mutex_;
};

std::uint64_t seed_of(settings const& s) {
  if (s.seed) return *s.seed;
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}

server::server(settings s, std::function<settings()> reread)
  : settings_(std::make_shared<settings const>(std::move(s)))
  , reread_(std::move(reread))
  , shared_(*settings_)
  , keeper_(*settings_)
  , tickets_(std::make_shared<ticket_keys>(std::chrono::hours(1)))
  , log_(settings_->access_log, shared_.shell().log_lines_lost)
  , signals_(context_, SIGTERM, SIGINT, SIGHUP)
  , drain_timer_(context_.get_executor())
  , log_timer_(context_.get_executor()) {
  use_tickets(*settings_);
  keeper_.restore(shared_);
  if (settings_->cache) {
    ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(cache::mapped_from));
    cache_.emplace(*settings_->cache, http::random_digest_key(),
                   cache::cache_locks{std::make_unique<mutex>(), std::make_unique<mutex>()});
  }
  std::seed_seq mixed{seed_of(*settings_), seed_of(*settings_) >> 32};
  std::vector<std::uint32_t> seeds(std::size_t{settings_->threads} * 2);
  mixed.generate(seeds.begin(), seeds.end());
  for (std::uint32_t i = 0; i < settings_->threads; ++i) {
    std::uint64_t const seed = (std::uint64_t{seeds[2 * i]} << 32) | seeds[2 * i + 1];
    workers_.push_back(std::make_unique<worker>(shared_, cache_ ? &*cache_ : nullptr, log_, settings_, seed));
  }
  listen();
  for (auto const& w : workers_) {
    w->wake = [this](http::token_digest const& key) {
      for (auto const& other : workers_)
        boost::asio::post(other->context(), [target = other.get(), key] { target->wake_here(key); });
    };
    w->announce_fetch = [this](http::token_digest const& variant, cache::fetch_outcome how) {
      for (auto const& other : workers_)
        boost::asio::post(other->context(),
                          [target = other.get(), variant, how] { target->on_fetch_complete(variant, how); });
    };
  }
  if (settings_->admin)
    admin_ = std::make_unique<listener>(context_.get_executor(), settings_->admin->address, listener::options{},
                                        shared_.shell().accept_pauses);
  keeper_.use_up();
}

/// The first worker picks ports. If other processes may serve these addresses as well, each other worker has listeners
/// of its own there: SO_REUSEPORT admits them all. Otherwise all threads accept from the first one's sockets, and the
/// kernel keeps other processes out.
void server::listen() {
  for (listener_settings const& d : settings_->listen) listening_.push_back(d.at.address);
  worker& first = *workers_.front();
  listening_ = first.listen(listening_, settings_->reuse_port);
  for (std::size_t i = 1; i != workers_.size(); ++i)
    if (settings_->reuse_port)
      workers_[i]->listen(listening_, true);
    else
      workers_[i]->listen_with(first);
}

server::~server() { shared_.forget_queues(); }

std::optional<endpoint> server::admin() const {
  if (!admin_) return std::nullopt;
  return admin_->at();
}

void server::run() {
  for (auto const& w : workers_) w->start();
  if (admin_)
    admin_->start([this](int fd, endpoint const& from) {
      serve_admin(tcp_socket(context_.get_executor(), from.protocol(), fd), shared_, cache_ ? &*cache_ : nullptr,
                  {.threads = settings_->threads,
                   .may_write = settings_->admin_writes,
                   .patience = settings_->timeouts.client_idle,
                   .removed = [this] {
                     for (auto const& w : workers_) w->leave_removed_upstreams();
                   }});
    });
  checks_.configure(settings_);
  wait_for_signal();
  flush_log();
  context_.run();
  for (auto const& w : workers_) w->stop();
  for (auto const& w : workers_) w->join();
  if (draining_ && !hurried_) keeper_.keep(shared_);
  log_.flush();
}

void server::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code ec, int signal) {
    if (ec) return;
    if (signal == SIGHUP) {
      reload();
      wait_for_signal();
    } else if (draining_) {
      hurried_ = true;
      context_.stop();
    } else {
      drain();
      wait_for_signal();
    }
  });
}

void server::reload() {
  try {
    log_.reopen();
    settings fresh = reread_();
    if (std::string const waiting = keep_what_needs_a_restart(*settings_, fresh); !waiting.empty())
      note("reload: until a restart these stay as they are: " + waiting);
    use_tickets(fresh);
    shared_.reload(fresh);
    if (cache_) cache_->reload(*fresh.cache);
    settings_ = std::make_shared<settings const>(std::move(fresh));
    for (auto const& w : workers_) w->reload(settings_);
    checks_.configure(settings_);
    note("configuration reloaded");
  } catch (std::exception const& problem) {
    note(std::string("configuration not reloaded: ") + problem.what());
  }
}

/// Keys outlive configurations: a reload ends no client's session.
void server::use_tickets(settings const& s) {
  if (!s.tls) return;
  if (s.tls->ticket_key_lifetime().count() != 0) tickets_->set_lifetime(s.tls->ticket_key_lifetime());
  s.tls->use(tickets_);
}

void server::drain() {
  draining_ = true;
  still_draining_ = workers_.size();
  drain_timer_.expires_after(settings_->timeouts.drain);
  drain_timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec) context_.stop();
  });
  for (auto const& w : workers_)
    w->drain([this] {
      boost::asio::post(context_, [this] {
        if (--still_draining_ == 0) context_.stop();
      });
    });
}

void server::flush_log() {
  if (!log_.enabled()) return;
  log_timer_.expires_after(std::chrono::seconds(1));
  log_timer_.async_wait([this](boost::system::error_code ec) {
    if (ec) return;
    log_.flush();
    flush_log();
  });
}

}
