#include "gateway/net/redis/shared_map.hpp"

#include "gateway/net/balancer.hpp"
#include "gateway/net/log.hpp"
#include "gateway/net/redis/shared_map_scripts.hpp"

#include <algorithm>
#include <utility>

namespace gateway::net {
namespace {

using routing::link_condition;

constexpr std::size_t most_in_flight = 10'000; // commands of some 200 bytes each

steady_time now() { return std::chrono::steady_clock::now(); }
routing::time_ns ns(steady_time at) { return at.time_since_epoch().count(); }

/// The first word of an error: NOAUTH, LOADING, … Nothing else of it is ever shown: it may contain what was sent.
std::string_view code_of(std::string_view error) {
  std::string_view const word = error.substr(0, error.find(' '));
  bool const is_code = !word.empty() && word.size() <= 16 &&
                       std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return is_code ? word : std::string_view("ERR");
}

void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}

shared_map::shared_map(boost::asio::io_context& context, shared_map_settings s, balancer& shared,
                       std::mt19937_64& random)
  : settings_(std::move(s))
  , ttl_ms_(std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(settings_.ttl).count()))
  , probe_name_(settings_.prefix + "probe")
  , shared_(shared)
  , random_(random)
  , connection_(context, *this)
  , link_(settings_.timeout.count())
  , timer_(context.get_executor()) {}

void shared_map::start() { arm(); }

std::string shared_map::name_of(std::string_view authorization) const {
  return settings_.prefix + http::shared_name(settings_.key, authorization);
}

bool shared_map::may_send() const { return link_.usable() && in_flight_.size() < most_in_flight; }

bool shared_map::send(command what, std::initializer_list<std::string_view> words) {
  if (!connection_.send(words)) return false;
  if (in_flight_.empty()) heard_ = now();
  in_flight_.push_back(what);
  set_timer(silence_ends());
  return true;
}

// GETEX: a balancer that reads an entry keeps it alive, and need not write it again for half the TTL.
std::uint64_t shared_map::look_up(std::string_view authorization, std::weak_ptr<shared_map_asker> asker) {
  if (!may_send() || !send(command::look_up, {"GETEX", name_of(authorization), "PX", ttl_ms_})) {
    count(shared_.shell().shared_skipped);
    return 0;
  }
  count(shared_.shell().shared_lookups);
  asked_.push_back(link_.look_up(std::move(asker), ns(now())));
  arm();
  return asked_.back();
}

void shared_map::learnt(std::string_view authorization, std::string_view backend, std::optional<std::uint64_t> epoch) {
  std::string const value = http::shared_value_text(backend, epoch);
  std::string const epoch_text = epoch ? std::to_string(*epoch) : std::string();
  if (may_send() && send(command::change,
                         {"EVALSHA", learn_sha_, "1", name_of(authorization), value, epoch_text, ttl_ms_, backend})) {
    count(shared_.shell().shared_writes);
    connection_.write_now(); // before the client has its answer, and asks another gateway next
  }
}

void shared_map::lost(std::string_view authorization, std::string_view backend) {
  if (may_send() && send(command::change, {"EVALSHA", lose_sha_, "1", name_of(authorization), backend}))
    count(shared_.shell().shared_writes);
}

// Sends what a new connection needs, and at the end one write and one read, as later use does. If these succeed, all is
// well. What could not be sent is not answered, and the silence that follows ends the connection.
void shared_map::greet() {
  is_open_ = true;
  is_connecting_ = false;
  greeting_error_.clear();
  std::string const database = std::to_string(settings_.database);
  bool sent = true;
  if (!settings_.password.empty()) sent = send(command::password, {"AUTH", settings_.password});
  if (settings_.database != 0) sent = sent && send(command::setting, {"SELECT", database});
  sent = sent && send(command::learn_script, {"SCRIPT", "LOAD", learn_script}) &&
         send(command::lose_script, {"SCRIPT", "LOAD", lose_script}) &&
         send(command::setting, {"EVAL", learn_script, "1", probe_name_, "-", "", ttl_ms_, "-"}) &&
         send(command::probe, {"GETEX", probe_name_, "PX", ttl_ms_});
  link_.on_open();
  link_.on_probe_sent(ns(now()));
  arm();
}

void shared_map::on_reply(redis_reply const& reply) {
  heard_ = now();
  command const what = in_flight_.front();
  in_flight_.pop_front();
  bool const is_error = reply.what == redis_reply::kind::error;
  switch (what) {
  case command::password: // a password that is not required does no harm; a wrong one shows in what follows
    break;
  case command::learn_script:
  case command::lose_script:
    if (!is_error) (what == command::learn_script ? learn_sha_ : lose_sha_) = reply.text;
    [[fallthrough]];
  case command::setting:
    if (is_error && greeting_error_.empty()) greeting_error_ = code_of(reply.text);
    break;
  case command::probe:
    if (is_error && greeting_error_.empty()) greeting_error_ = code_of(reply.text);
    on_probe_answer();
    break;
  case command::look_up:
    on_found(reply);
    break;
  case command::change:
    if (is_error) refused(reply.text);
    break;
  }
}

void shared_map::on_probe_answer() {
  bool tells_anew = false;
  if (greeting_error_.empty()) {
    tells_anew = link_.on_probed(ns(heard_), random_);
  } else {
    count(shared_.shell().shared_errors);
    link_.on_probe_refused(ns(heard_), random_);
  }
  follow(greeting_error_);
  if (tells_anew) shared_.share_anew();
}

void shared_map::on_found(redis_reply const& reply) {
  link::ticket const ticket = asked_.front();
  asked_.pop_front();
  bool const is_junk = reply.what == redis_reply::kind::error && code_of(reply.text) == "WRONGTYPE";
  if (reply.what == redis_reply::kind::error && !is_junk) refused(reply.text);
  auto const waiting = link_.on_found(ticket);
  if (!waiting) return;
  std::optional<http::shared_value> found;
  if (reply.what == redis_reply::kind::text) found = http::parse_shared_value(reply.text);
  if (auto const asker = waiting->lock()) asker->on_shared(ticket, found);
}

void shared_map::refused(std::string_view text) {
  count(shared_.shell().shared_errors);
  link_.on_error(ns(heard_), random_);
  follow(code_of(text));
}

void shared_map::on_lost(std::string_view why) {
  count(shared_.shell().shared_errors);
  is_open_ = is_connecting_ = false;
  in_flight_.clear();
  asked_.clear();
  auto const released = link_.on_lost(ns(now()), random_);
  follow(why);
  release(released);
}

/// The link's state has changed, or was found unchanged: the state of all workers is counted, and stderr reports
/// changes. `detail`: of an error.
void shared_map::follow(std::string_view detail) {
  bool const is_usable = link_.usable();
  std::atomic<std::uint64_t>& connected = shared_.shell().shared_connected;
  if (std::exchange(was_usable_, is_usable) != is_usable) is_usable ? ++connected : --connected;
  arm();
  link_condition const state = link_.condition();
  if (shared_.shell().shared_condition.exchange(state) == state) return; // already reported, perhaps by another thread
  std::string const name = settings_.at.name.text();
  std::string const what = [&] {
    switch (state) {
    case link_condition::usable:
      return name + " answers again";
    case link_condition::down:
      return "no connection to " + name + " (" + std::string(detail) + "); requests go on without it";
    case link_condition::slow:
      return name + " does not answer in time; requests go on without it";
    case link_condition::refusing:
      return name + " answers " + std::string(detail) + "; requests go on without it";
    }
    return name;
  }();
  note("shared map: " + what);
}

void shared_map::release(std::vector<link::waiting> const& those) {
  for (link::waiting const& w : those)
    if (auto const asker = w.who.lock()) asker->on_shared(w.number, std::nullopt);
}

// ---- time

void shared_map::set_timer(steady_time due) {
  if (due >= timer_due_) return;
  timer_due_ = due;
  timer_.expires_at(due);
  timer_.async_wait([this](boost::system::error_code ec) {
    if (ec) return;
    timer_due_ = steady_time::max();
    on_timer();
  });
}

void shared_map::arm() {
  if (auto const at = link_.next_deadline()) set_timer(steady_time(nanoseconds(*at)));
  if (is_due()) set_timer(silence_ends());
}

/// After this the connection is of no use: a firewall may have forgotten it, or the machine at its other end is gone.
steady_time shared_map::silence_ends() const {
  return heard_ + settings_.timeout + nanoseconds(routing::shared_link::longest_pause);
}

/// An answer that has arrived is not late just because this thread was.
void shared_map::read_all() {
  std::size_t before = 0;
  do {
    before = in_flight_.size();
    if (is_open_) connection_.read_now();
  } while (in_flight_.size() < before);
}

void shared_map::on_timer() {
  read_all();
  steady_time const at = now();
  if (is_due() && silence_ends() <= at) {
    connection_.close();
    on_lost("nothing is heard from it");
  }
  auto const due = link_.on_deadline(ns(at), random_);
  if (due.late != 0) {
    count(shared_.shell().shared_timeouts, due.late);
    count(shared_.shell().shared_skipped, due.released.size() - due.late);
    follow({});
    release(due.released);
  }
  switch (due.next) {
  case link::attempt::none:
    break;
  case link::attempt::connect:
    connect();
    break;
  case link::attempt::probe:
    greet();
    break;
  }
  arm();
}

void shared_map::connect() {
  is_connecting_ = true;
  heard_ = now();
  connection_.open(settings_.at.address);
}

}
