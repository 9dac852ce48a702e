#include "gateway/net/redis/redis_connection.hpp"

#include "base/contract/expects.hpp"

#include <boost/asio/post.hpp>

#include <hiredis/async.h>
#include <utility>
#include <vector>

namespace gateway::net {

struct redis_connection::events {
  static redis_connection& of(void* self) { return *static_cast<redis_connection*>(self); }

  static void wants_input(void* self) { of(self).wait(direction::in); }
  static void wants_output(void* self) { of(self).wait(direction::out); }

  /// hiredis is about to close the socket, for any reason other than `close`.
  static void ends(void* self) {
    redis_connection& c = of(self);
    char const* const why = c.hiredis_->errstr;
    c.lose(why && *why ? why : "the connection was closed");
  }

  static void connected(redisAsyncContext const* from, int status) {
    if (status != REDIS_OK || !from->data) return; // `ends` follows
    redis_connection& c = of(from->data);
    c.is_open_ = true;
    c.user_.on_open();
  }

  static void replied(redisAsyncContext* from, void* what, void*) {
    if (!what || !from->data) return; // the connection is ending
    redisReply const& reply = *static_cast<redisReply*>(what);
    redis_reply out{.what = redis_reply::kind::other};
    if (reply.type == REDIS_REPLY_NIL) out.what = redis_reply::kind::nothing;
    if (reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS) out.what = redis_reply::kind::text;
    if (reply.type == REDIS_REPLY_ERROR) out.what = redis_reply::kind::error;
    if (reply.str) out.text = {reply.str, static_cast<std::size_t>(reply.len)};
    of(from->data).user_.on_reply(out);
  }
};

redis_connection::redis_connection(boost::asio::io_context& context, redis_user& user)
  : context_(context)
  , user_(user)
  , descriptor_(context.get_executor()) {}

void redis_connection::open(endpoint const& to) {
  CREST_EXPECTS(!hiredis_);
  redisAsyncContext* const fresh = redisAsyncConnect(to.address().to_string().c_str(), to.port());
  boost::system::error_code ec;
  std::string why = "out of memory";
  if (fresh) {
    if (fresh->err == 0 && adopt(fresh, ec)) return;
    why = ec ? ec.message() : std::string(fresh->errstr);
    redisAsyncFree(fresh);
  }
  boost::asio::post(context_, [this, why = std::move(why), life = life_] {
    if (life == life_) lose(why);
  });
}

bool redis_connection::adopt(redisAsyncContext* fresh, boost::system::error_code& ec) {
  descriptor_.assign(fresh->c.fd, ec);
  if (ec) return false;
  hiredis_ = fresh;
  fresh->data = fresh->ev.data = this;
  fresh->ev.addRead = &events::wants_input;
  fresh->ev.addWrite = &events::wants_output;
  fresh->ev.cleanup = &events::ends;
  redisAsyncSetConnectCallback(fresh, &events::connected);
  return true;
}

void redis_connection::close() {
  ++life_;
  is_open_ = waits_in_ = waits_out_ = false;
  redisAsyncContext* const last = std::exchange(hiredis_, nullptr);
  if (!last) return;
  descriptor_.release();
  last->data = nullptr;
  last->ev = {};
  redisAsyncFree(last); // from within a callback: when that returns
}

void redis_connection::lose(std::string const& why) {
  ++life_;
  is_open_ = waits_in_ = waits_out_ = false;
  if (std::exchange(hiredis_, nullptr)) descriptor_.release();
  user_.on_lost(why);
}

void redis_connection::wait(direction which) {
  bool& waits = which == direction::in ? waits_in_ : waits_out_;
  if (std::exchange(waits, true)) return;
  using descriptor = boost::asio::posix::descriptor_base;
  descriptor_.async_wait(which == direction::in ? descriptor::wait_read : descriptor::wait_write,
                         [this, which, life = life_](boost::system::error_code) {
                           if (life != life_) return;
                           if (which == direction::in) {
                             waits_in_ = false;
                             redisAsyncHandleRead(hiredis_);
                           } else {
                             waits_out_ = false;
                             redisAsyncHandleWrite(hiredis_);
                           }
                         });
}

bool redis_connection::send(std::initializer_list<std::string_view> words) {
  CREST_EXPECTS(is_open_);
  std::vector<char const*> texts;
  std::vector<std::size_t> sizes;
  for (std::string_view const word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  return redisAsyncCommandArgv(hiredis_, &events::replied, nullptr, static_cast<int>(texts.size()), texts.data(),
                               sizes.data()) == REDIS_OK;
}

void redis_connection::write_now() {
  int done = 0;
  if (is_open_) redisBufferWrite(&hiredis_->c, &done); // the pending wait will report an error again
}

void redis_connection::read_now() {
  if (is_open_) redisAsyncHandleRead(hiredis_);
}

}
