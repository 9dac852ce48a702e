#include "sim/judge/invariants.hpp"

#include "sim/judge/invariant_check.hpp"
#include "sim/scenario/node_names.hpp"

#include <boost/beast/http/verb.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

namespace sim::judge {

using records::client_outcome;
using records::client_record;
using records::invariant_result;
using records::probe_kind;
using records::run_view;
using records::token_kind;

namespace {

using boost::beast::http::verb;

bool success(client_record const& c) {
  return c.outcome == client_outcome::answered && c.status >= 200 && c.status < 300;
}

/// RFC 9110 9.2.2 and the IANA registry of methods: what may be sent again. What is not registered may not.
bool idempotent(std::uint8_t method) {
  switch (static_cast<verb>(method)) {
  case verb::get:
  case verb::head:
  case verb::options:
  case verb::trace:
  case verb::put:
  case verb::delete_:
  case verb::acl:
  case verb::bind:
  case verb::checkout:
  case verb::copy:
  case verb::link:
  case verb::merge:
  case verb::mkactivity:
  case verb::mkcalendar:
  case verb::mkcol:
  case verb::move:
  case verb::propfind:
  case verb::proppatch:
  case verb::rebind:
  case verb::report:
  case verb::search:
  case verb::unbind:
  case verb::unlink:
  case verb::unlock:
    return true;
  case verb::unknown:
  case verb::connect:
  case verb::lock:
  case verb::msearch:
  case verb::notify:
  case verb::patch:
  case verb::post:
  case verb::purge:
  case verb::subscribe:
  case verb::unsubscribe:
    return false;
  }
  return false;
}

std::string method_name(std::uint8_t method) {
  auto const name = boost::beast::http::to_string(static_cast<verb>(method));
  return {name.data(), name.size()};
}

/// What arrived, from what the client observed of the answer and what the proxies wrote down.
std::string arrived(run_view const& v, std::uint32_t slot) {
  std::string text;
  auto const seen = v.records().observed.find(v.client(slot).request);
  if (seen != v.records().observed.end()) text = seen->second + "; ";
  for (std::uint32_t h : v.hops(slot))
    text += scenario::proxy_name(v.hop(h).proxy) + " saw " + method_name(v.hop(h).hop.method) + ", answered " +
            std::to_string(v.hop(h).hop.status) + "; ";
  return text + "client got " + std::to_string(v.client(slot).status);
}

/// A proxy of ours answered, and the client read it whole.
bool answered_by_proxy(run_view const& v, std::uint32_t i) {
  if (v.client(i).outcome != client_outcome::answered) return false;
  return v.client(i).incarnation != 0 || !v.hops(i).empty() || v.client(i).findings != 0;
}

}

std::vector<invariant_result> check_invariants(run_view const& v) {
  std::vector<invariant_result> all;
  all.push_back(check_one_session(v));
  all.push_back(check_right_place(v));
  all.push_back(check_intact(v));
  all.push_back(check_at_most_once(v));
  all.push_back(check_nobody_elses(v));
  all.push_back(check_closed_door(v));
  all.push_back(check_books(v));
  all.push_back(check_notifications(v.scenario(), v.records()));
  return all;
}

invariant_result check_intact(run_view const& v) {
  invariant_check j(v, "intact");
  if (!v.records().bytes) j.note(note_of_no_bytes);
  for (std::uint32_t i = 0; i != v.size(); ++i) {
    if (!v.issued(i) || v.client(i).probe == probe_kind::internal_location) continue;
    client_record const& c = v.client(i);
    if (!v.records().bytes && !c.asks_resource) continue;
    bool const other_method = std::any_of(v.hops(i).begin(), v.hops(i).end(),
                                          [&](std::uint32_t h) { return v.hop(h).hop.method != c.method; });
    if (!answered_by_proxy(v, i) && !other_method) continue;
    j.checked();
    std::vector<std::string_view> kinds;
    if (other_method || c.findings & records::found_method) kinds.push_back("method");
    if (c.findings & records::found_target) kinds.push_back("target");
    if (c.findings & records::found_fields) kinds.push_back("fields");
    if (c.findings & records::found_request_body) kinds.push_back("request_body");
    if (c.findings & records::found_answer_body) kinds.push_back("answer_body");
    if (c.findings & records::found_no_echo) kinds.push_back("no_echo");
    if (c.findings & records::found_too_old) kinds.push_back("too_old");
    if (!kinds.empty()) j.violation(i, kinds, [&] { return arrived(v, i); });
  }
  // A request line that a balancer broke has lost its id with it.
  std::uint64_t malformed = 0;
  for (std::uint32_t h : v.stray_hops()) malformed += v.hop(h).hop.outcome == journal::hop_outcome::malformed;
  if (malformed) j.note(std::to_string(malformed) + " hops reached proxies malformed, without a readable request id");
  return j.finish();
}

namespace {

/// How often a sol was asked to apply each request, by slot.
struct applications {
  std::vector<std::uint16_t> applied, unexplained; // unexplained: duplicates that no fault gave cause to send
};

/// A proxy asks its sol again when the link between them, or its own incarnation, was lost while it waited. Without
/// such a fault nobody but a balancer can have sent the request again.
applications applications_of(run_view const& v) {
  applications a{std::vector<std::uint16_t>(v.size()), std::vector<std::uint16_t>(v.size())};
  std::int64_t fenced_ns = std::numeric_limits<std::int64_t>::max(); // the first incarnation
  for (journal::sol_event const& e : v.records().sols)
    if (e.kind == journal::sol_event_kind::fenced) fenced_ns = std::min(fenced_ns, e.at_ns);
  for (journal::sol_event const& e : v.records().sols) {
    std::uint32_t const slot = v.slot(e.request);
    if (slot == records::no_index) continue;
    if (e.kind == journal::sol_event_kind::applied) ++a.applied[slot];
    if (e.kind == journal::sol_event_kind::duplicate && e.at_ns < fenced_ns && !v.link_lost(e.sol, e.at_ns))
      ++a.unexplained[slot];
  }
  return a;
}

/// A hop that brought the request to a proxy, after which the balancer sent it again although nobody had told it to:
/// the hop is not the last, and was not redirected. Judged by what proxies saw and by what the balancer says it sent,
/// whatever the sol made of it.
std::optional<std::string> repeated_after(run_view const& v, std::uint32_t i) {
  auto const hops = v.hops(i);
  for (std::size_t k = 0; k + 1 < hops.size(); ++k) {
    records::located_hop const& h = v.hop(hops[k]);
    if (h.hop.outcome != journal::hop_outcome::redirected)
      return scenario::proxy_name(h.proxy) + " had it, and did not redirect it";
  }
  bool delivered = false;
  for (records::event_reference r : v.events(i)) {
    journal::balancer_event const& e = v.event(r);
    if (e.kind != journal::balancer_event_kind::hop || e.hop == journal::hop_kind::own) continue;
    if (delivered) return std::string("a hop had failed after bytes were accepted");
    delivered = e.result == journal::hop_result::failed || e.result == journal::hop_result::answered;
  }
  return std::nullopt;
}

}

invariant_result check_at_most_once(run_view const& v) {
  invariant_check j(v, "at_most_once");
  applications const asked = applications_of(v);
  for (std::uint32_t i = 0; i != v.size(); ++i) {
    client_record const& c = v.client(i);
    if (!v.issued(i) || idempotent(c.method) || c.kind != token_kind::own) continue;
    if (c.probe == probe_kind::internal_location) continue;
    j.checked();
    if (asked.applied[i] > 1)
      j.violation(i, {"applied_twice"},
                  [&] { return "applied " + std::to_string(asked.applied[i]) + " times; " + arrived(v, i); });
    else if (auto const earlier = repeated_after(v, i))
      j.violation(i, {"sent_again"}, [&] { return "sent again although " + *earlier + "; " + arrived(v, i); });
    else if (asked.unexplained[i] != 0)
      j.violation(i, {"duplicate"},
                  [&] { return "a sol was asked to apply it again, which no fault explains; " + arrived(v, i); });
    else if (asked.applied[i] == 0 && success(c))
      j.violation(i, {"not_applied"}, [&] { return "success, but never applied; " + arrived(v, i); });
  }
  return j.finish();
}

invariant_result check_nobody_elses(run_view const& v) {
  invariant_check j(v, "nobody_elses");
  for (std::uint32_t i = 0; i != v.size(); ++i) {
    client_record const& c = v.client(i);
    if (!v.issued(i) || !answered_by_proxy(v, i)) continue;
    j.checked();
    std::uint32_t const right = c.kind == token_kind::own ? c.character : journal::no_character;
    std::uint32_t served = right;
    for (std::uint32_t h : v.hops(i))
      if (v.hop(h).hop.outcome == journal::hop_outcome::served) served = v.hop(h).hop.character;
    if (c.findings & records::found_foreign)
      j.violation(i, {"foreign"}, [&] {
        return "an answer that is not for character " + std::to_string(c.character) + "; " + arrived(v, i);
      });
    else if (c.findings & records::found_denied)
      j.violation(i, {"denied"}, [&] { return "403 for what character " + std::to_string(c.character) + " may see"; });
    else if (c.kind == token_kind::junk && success(c) && c.incarnation != 0 && !c.from_cache)
      j.violation(i, {"junk_served"}, [&] { return "a token that nobody issued was served; " + arrived(v, i); });
    else if (served != right)
      j.violation(i, {"foreign"}, [&] {
        return "sent for character " + std::to_string(right) + ", served as character " + std::to_string(served);
      });
  }
  return j.finish();
}

invariant_result check_closed_door(run_view const& v) {
  invariant_check j(v, "closed_door");
  if (!v.records().bytes) {
    j.note("simulated time has no fields that could be forged");
    return j.finish();
  }
  std::uint64_t probes = 0;
  for (std::uint32_t i = 0; i != v.size(); ++i) {
    client_record const& c = v.client(i);
    if (!v.issued(i)) continue;
    bool const by_target =
        c.target < v.records().targets.size() && v.records().targets[c.target].starts_with("/internal_redirect/");
    bool const internal = c.probe == probe_kind::internal_location || by_target;
    bool const probe = internal || c.probe == probe_kind::forged_fields;
    probes += probe;
    if (c.outcome != client_outcome::answered && v.hops(i).empty()) continue;
    j.checked();
    std::vector<std::string_view> kinds;
    if (c.findings & records::found_leak) kinds.push_back("leak");
    if (internal && (!v.hops(i).empty() || success(c))) kinds.push_back("internal_location");
    if (!kinds.empty()) j.violation(i, kinds, [&] { return arrived(v, i); });
  }
  if (probes == 0) j.note("no probe was sent: only leaks were looked for");
  return j.finish();
}

}
