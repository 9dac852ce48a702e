#include "sim/engines/virtual/http_exchanges.hpp"

#include "fakeproxy/resources/answer_head.hpp"
#include "fakeproxy/resources/echo.hpp"
#include "fakeproxy/resources/resource_answer.hpp"
#include "gateway/http/field_text.hpp"
#include "sim/actors/request_head.hpp"
#include "sim/judge/resource_answers.hpp"

#include <boost/beast/http/verb.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace sim::virtual_time {

namespace cluster = fakeproxy::cluster;
namespace resources = fakeproxy::resources;
using boost::beast::http::verb;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t uptime_ns = 1'000'000 * second; // of the machines, so that resources have changed before
constexpr std::int64_t begin_wall_s = 1'700'000'000;

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint32_t character_of(request_state const& f) {
  return f.plan.kind == load::token_kind::own ? f.plan.character : journal::no_character;
}

/// As long as a live token, and as distinct.
void append_token(std::string& out, request_state const& f, std::uint32_t token_bytes) {
  std::size_t const begin = out.size();
  resources::append_hex(out, load::mix(static_cast<std::uint64_t>(f.token)));
  resources::append_decimal(out, static_cast<std::uint64_t>(f.token));
  out.resize(std::max(out.size(), begin + token_bytes), '_');
}

}

http_exchanges::http_exchanges(run_context& run)
  : run_(run)
  , shown_(actors::catalogue_of(run.scenario))
  , wall_phase_ns_(static_cast<std::int64_t>(small_stream_of(run.scenario.seed, "wall clock")() %
                                             static_cast<std::uint64_t>(second))) {
  auto const all = scenario::balancers_of(run.scenario);
  needed_ = !shown_.all.empty() ||
            std::any_of(all.begin(), all.end(), [](auto const& b) { return b.settings->cache.has_value(); });
}

std::int64_t http_exchanges::wall_seconds(std::int64_t cluster_ns) const {
  return begin_wall_s + (cluster_ns + wall_phase_ns_) / second;
}

gateway::cache::moment http_exchanges::moment_at(std::int64_t at_ns) const {
  return {.wall_s = wall_seconds(at_ns + uptime_ns), .steady_ns = at_ns + uptime_ns};
}

// ---- the request

/// The exchange of a request, which has one from now on.
http_exchange& http_exchanges::place_of(request_index id) {
  if (all_.size() <= id) all_.resize(id + 1);
  if (!all_[id]) all_[id] = std::make_unique<http_exchange>();
  run_.requests[id].has_exchange = true;
  return *all_[id];
}

void http_exchanges::begin(request_index id) {
  http_exchange& e = place_of(id);
  request_state const& f = run_.requests[id];
  e.target.clear();
  actors::append_target(e.target, run_.plan.targets[f.plan.target], f.plan.character, shown_.corporations);
  e.resource.reset();
  auto const method = static_cast<verb>(f.verb);
  if (method == verb::get || method == verb::head)
    if (resources::resource const* const found = resources::find_resource(shown_.all, e.target))
      e.resource = static_cast<std::size_t>(found - shown_.all.data());

  scenario::mix_entry const& how = run_.plan.methods[f.client.method];
  authorization_.clear();
  if (f.plan.kind != load::token_kind::none) {
    authorization_ = "Bearer ";
    append_token(authorization_, f, run_.scenario.population.token_bytes);
  }
  e.wire.clear();
  actors::append_request_head(e.wire,
                              {.method = how.method,
                               .target = e.target,
                               .host = "balancer",
                               .authorization = authorization_,
                               .request = f.request,
                               .body_bytes = how.body_bytes,
                               .chunked = how.chunked},
                              nullptr);

  e.head = {};
  e.summary = {};
  gateway::http::request_parser parser(e.head);
  gateway::http::error_code ec;
  if (!parser.parse_head(e.wire.data(), e.wire.size(), ec))
    throw std::logic_error("simulated time: a request that no gateway could read: " + e.wire);
  e.refused = static_cast<std::uint16_t>(gateway::http::summarise(e.head, e.wire.data(), e.summary).status);
  e.forwarded.clear();
  gateway::http::append_request_head(e.forwarded, e.head, e.wire.data(), e.summary,
                                     {.peer_address = "127.0.0.1", .request_id = "0123456789abcdef0123456789abcdef"});
  e.transaction.reset();
}

void http_exchanges::pass_on(request_index from, request_index to) {
  http_exchange& b = place_of(to);
  http_exchange& a = *all_[from];
  b.target = a.target;
  b.resource = a.resource;
  b.refused = a.refused;
  b.forwarded = a.forwarded;
  b.transaction = std::move(a.transaction);
}

// ---- the answer

std::uint16_t http_exchanges::answer(request_index id, std::uint16_t status, bool is_served, std::int64_t at_ns) {
  request_state const& f = run_.requests[id];
  http_exchange& e = *all_[id];
  auto const character = static_cast<cluster::character_id>(character_of(f));
  std::int64_t const at = at_ns + uptime_ns;
  resources::resource const* const of = is_served && e.resource ? &shown_.all[*e.resource] : nullptr;
  resources::resource_answer shows;
  if (of) {
    std::vector<resources::request_field> fields;
    gateway::http::for_each_field(e.sent, [&](std::string_view name, std::string_view value) {
      fields.push_back({std::string(name), std::string(value)});
    });
    shows = resources::answer_for(*of, shown_.corporations, {e.target, character, fields, at},
                                  [this](std::int64_t t) { return wall_seconds(t); });
    status = shows.status;
  }

  std::string& out = e.answer;
  out.clear();
  resources::append_answer_start(out, {.status = status,
                                       .connection = {},
                                       .date_s = shown_.all.empty() ? -1 : wall_seconds(at),
                                       .proxy_index = f.hop.proxy,
                                       .incarnation = f.at_proxy.incarnation});
  bool const in_corporation = f.hop.names_backend && shown_.corporations.any();
  std::string const no_body = resources::body_digest().text();
  resources::append_answer_echo(
      out, {.epoch = f.at_proxy.epoch,
            .backend = {}, // balancers know it by its number
            .corporation = in_corporation ? resources::corporation_of(shown_.corporations, character, at) : 0,
            .character = character,
            .of_resource = e.resource.has_value(),
            .method = boost::beast::http::to_string(static_cast<verb>(f.verb)),
            .target = e.target,
            .fields = load::mix(f.request),
            .body = no_body});
  if (of) resources::append_resource_fields(out, *of, shows);
  bool const has_content = is_served && status != 204 && status != 304 && status != 403;
  e.content_bytes = !has_content ? 0 : of ? of->bytes : run_.scenario.topology.proxies.answer_bytes;
  if (has_content)
    resources::append_content_end(out, of ? "text/plain" : "application/json", e.content_bytes);
  else
    resources::append_empty_answer_end(out, status);

  e.answer_head = {};
  gateway::http::answer_parser parser(e.answer_head);
  gateway::http::error_code ec;
  if (!parser.parse_head(out.data(), out.size(), ec))
    throw std::logic_error("simulated time: an answer that no gateway would take: " + out);
  return status;
}

// ---- the client

void http_exchanges::take(request_index id) {
  request_state& f = run_.requests[id];
  f.answer.from_cache = false;
  note_answer(id, all_[id]->answer);
}

void http_exchanges::take(request_index id, gateway::cache::stored_answer const& stored, bool confirmed) {
  request_state& f = run_.requests[id];
  f.answer.from_cache = !confirmed;
  if (f.answer.from_cache) f.answer.served_epoch = 0;
  note_answer(id, stored.head);
}

/// Who made the answer, and what it shows.
void http_exchanges::note_answer(request_index id, std::string_view head) {
  request_state& f = run_.requests[id];
  http_exchange& e = *all_[id];
  e.shows.reset();
  gateway::http::for_each_field(head, [&](std::string_view name, std::string_view value) {
    if (name == "Lab-Resource") e.shows = resources::parse_mark(value);
    if (name == "Lab-Incarnation" && f.answer.from_cache) f.answer.served_by = number_of(value);
  });
}

void http_exchanges::judge(request_index id, std::int64_t done_ns) {
  request_state& f = run_.requests[id];
  http_exchange const& e = *all_[id];
  f.answer.asks_resource = e.resource.has_value();
  if (!e.resource) return;
  f.answer.findings = judge::check_resource(shown_, {.resource = *e.resource,
                                                     .target = e.target,
                                                     .character = character_of(f),
                                                     .status = f.answer.status,
                                                     .mark = e.shows,
                                                     .from_cache = f.answer.from_cache,
                                                     .sent_ns = f.client.sent_ns + uptime_ns,
                                                     .done_ns = done_ns + uptime_ns});
}

}
