#include "fakeproxy/net/sol_server.hpp"

namespace fakeproxy::net {

namespace asio = boost::asio;

sol_server::sol_server(asio::io_context& io, process_settings const& process, node_settings const& node)
  : process_(process)
  , name_(node.name())
  , index_(node.index)
  , listener_(io, node.listen, process.reuse_port)
  , sol_({.sol = node.index, .lease = process.lease})
  , random_(process.seed * 0x9e3779b97f4a7c15u + 0x10000u + node.index)
  , delay_timer_(io)
  , notification_timer_(io) {
  if (process.journal_directory.empty()) return;
  std::filesystem::create_directories(process.journal_directory);
  auto const file = process.journal_directory / (name_ + ".journal");
  sol_.replay(journal::read<journal::sol_event>(file, "sol_event"), now());
  journal_.emplace(file, "sol_event");
}

sol_server::~sol_server() {
  for (auto const& [id, channel] : links_) channel->close();
}

void sol_server::start() {
  listener_.start([this](tcp::socket socket) { accept(std::move(socket)); });
}

void sol_server::accept(tcp::socket socket) {
  cluster::link_id const id = next_link_++;
  auto const channel = std::make_shared<rpc_channel>(std::move(socket));
  links_.emplace(id, channel);
  channel->accept({.opened = {},
                   .received =
                       [this, id](std::span<cluster::message const> messages) {
                         for (auto const& m : messages) sol_.on_message(id, m, now(), actions_);
                         perform();
                       },
                   .closed =
                       [this, id] {
                         links_.erase(id);
                         sol_.on_disconnected(id, now(), actions_);
                         perform();
                       }});
}

void sol_server::tick(cluster::time_point at) {
  sol_.on_tick(at, actions_);
  perform();
}

void sol_server::perform() {
  if (journal_) {
    for (auto const& event : actions_.events) journal_->append(event);
  }
  for (auto const& o : actions_.send) {
    if (process_.rpc_delay == 0) {
      send(o);
    } else {
      delayed_.push_back({now() + process_.rpc_delay, o});
    }
  }
  auto const moved = std::move(actions_.moves);
  actions_.clear();
  arm_delay();
  notifications_.look(sol_, now(), random_);
  arm_notifications();
  for (auto const& result : moved) {
    auto const at = moves_.find(result.ticket);
    if (at == moves_.end()) continue;
    auto const batch = at->second;
    batch->granted += result.granted ? 1 : 0;
    if (--batch->open > 0) continue;
    moves_.erase(at);
    batch->done(batch->granted);
  }
}

void sol_server::send(cluster::sol_actions::outgoing const& o) {
  auto const at = links_.find(o.link);
  if (at != links_.end()) at->second->send(o.what);
}

void sol_server::arm_delay() {
  if (delay_armed_ || delayed_.empty()) return;
  delay_armed_ = true;
  delay_timer_.expires_at(asio::steady_timer::time_point(std::chrono::nanoseconds(delayed_.front().due)));
  delay_timer_.async_wait([this](error_code ec) {
    if (ec) return;
    delay_armed_ = false;
    cluster::time_point const at = now();
    for (; !delayed_.empty() && delayed_.front().due <= at; delayed_.pop_front()) send(delayed_.front().what);
    arm_delay();
  });
}

void sol_server::notify(double rate_rps) {
  notifications_.set_rate(rate_rps, sol_, now(), random_);
  arm_notifications();
}

void sol_server::arm_notifications() {
  auto const due = notifications_.next_deadline();
  if (due == notification_armed_) return;
  notification_armed_ = due;
  notification_timer_.cancel();
  if (!due) return;
  notification_timer_.expires_at(asio::steady_timer::time_point(std::chrono::nanoseconds(*due)));
  notification_timer_.async_wait([this](error_code ec) {
    if (ec) return;
    auto const next = notifications_.next_deadline(); // perhaps drawn anew
    if (!next || *next > now()) return;
    notification_armed_.reset();
    notifications_.on_deadline(sol_, now(), random_, actions_);
    perform();
  });
}

bool sol_server::has(cluster::character_id character) const { return raw(character) % process_.sols.size() == index_; }

void sol_server::move(std::vector<cluster::character_id> const& characters, std::optional<std::uint16_t> to_proxy,
                      std::function<void(std::size_t)> done) {
  if (characters.empty()) return done(0);
  auto const batch = std::make_shared<move_batch>();
  batch->open = characters.size();
  batch->done = std::move(done);
  std::uint64_t const ticket = next_move_++;
  moves_.emplace(ticket, batch);
  for (cluster::character_id const character : characters) {
    if (to_proxy) {
      sol_.move(character, *to_proxy, ticket, now(), actions_);
    } else {
      sol_.move_at_random(character, random_(), ticket, now(), actions_);
    }
  }
  perform();
}

nlohmann::json sol_server::counters() const {
  auto const& c = sol_.counts();
  return {{"name", name_},
          {"role", "sol"},
          {"rpc", to_text(listener_.local())},
          {"links", links_.size()},
          {"incarnations_living", sol_.shard().living_count()},
          {"characters", sol_.shard().session_count()},
          {"attached", sol_.attached_count()},
          {"finds", c.finds},
          {"claims", c.claims},
          {"renewals", c.renewals},
          {"applied", c.applied},
          {"duplicates", c.duplicates},
          {"refused", c.refused},
          {"game_requests", c.game_requests},
          {"notifications", c.notifications},
          {"moves", c.moves},
          {"unreachable_reports", c.unreachable_reports}};
}

nlohmann::json sol_server::notified() const {
  auto all = nlohmann::json::array();
  for (auto const& [character, number] : sol_.notified())
    all.push_back({{"character", raw(character)}, {"sent", number}});
  return {{"characters", all}};
}

}
