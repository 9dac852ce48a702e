#include "tests/gateway/cache/rfc_model.hpp"

#include "tests/gateway/cache/messages.hpp"

#include <algorithm>

namespace tests::gateway_cache::rfc {
namespace {

void add(std::string& out, std::string const& line) { out.append(out.empty() ? "" : "\n").append(line); }
void add_directive(std::string& out, std::string const& one) { out.append(out.empty() ? "" : ", ").append(one); }
void add_directive(std::string& out, char const* name, std::optional<seconds> value) {
  if (value) add_directive(out, std::string(name) + "=" + std::to_string(*value));
}

bool is_heuristically_cacheable(unsigned status) { // RFC 9110 15.1
  return status == 200 || status == 203 || status == 204 || status == 206 || status == 300 || status == 301 ||
         status == 308 || status == 404 || status == 405 || status == 410 || status == 414 || status == 501;
}

bool names(std::string const& vary, char const* field) { return vary.find(field) != std::string::npos; }

}

std::string asking::lines() const {
  std::string out, control;
  if (!x_a.empty()) add(out, "X-A: " + x_a);
  if (!language.empty()) add(out, "Accept-Language: " + language);
  if (!token.empty()) add(out, "Authorization: Bearer " + token);
  if (no_cache) add_directive(control, "no-cache");
  if (no_store) add_directive(control, "no-store");
  if (only_if_cached) add_directive(control, "only-if-cached");
  add_directive(control, "max-age", max_age);
  add_directive(control, "min-fresh", min_fresh);
  add_directive(control, "max-stale", max_stale);
  if (!control.empty()) add(out, "Cache-Control: " + control);
  return out;
}

std::string saying::control() const {
  std::string out;
  if (no_store) add_directive(out, "no-store");
  if (no_cache) add_directive(out, "no-cache");
  if (is_private) add_directive(out, "private");
  if (is_public) add_directive(out, "public");
  if (must_revalidate) add_directive(out, "must-revalidate");
  if (proxy_revalidate) add_directive(out, "proxy-revalidate");
  if (hides_a_field) add_directive(out, "private=\"X-Secret\"");
  add_directive(out, "max-age", max_age);
  add_directive(out, "s-maxage", s_maxage);
  add_directive(out, "stale-while-revalidate", while_revalidate);
  add_directive(out, "stale-if-error", if_error);
  return out;
}

std::string saying::lines() const {
  std::string out;
  if (has_control) add(out, "Cache-Control: " + control());
  if (date) add(out, "Date: " + date_at(*date));
  if (expires) add(out, "Expires: " + (*expires == invalid ? std::string("0") : date_at(*expires)));
  if (last_modified) add(out, "Last-Modified: " + date_at(*last_modified));
  if (age) add(out, "Age: " + std::to_string(*age));
  if (!vary.empty()) add(out, "Vary: " + vary);
  if (has_etag) add(out, "ETag: \"tag\"");
  if (!secret.empty()) add(out, "X-Secret: " + secret);
  return out;
}

seconds answer_seen::lifetime() const { // 4.2.1, 4.2.2
  if (says.s_maxage) return *says.s_maxage;
  if (says.max_age) return *says.max_age;
  seconds const date = says.date.value_or(came);
  // Less than nothing is nothing here, although what expired before it was sent has been stale for longer:
  // stale_test.cpp.
  if (says.expires) return std::max<seconds>(0, *says.expires - date);
  bool const may_guess = is_heuristically_cacheable(says.status) || says.is_public;
  if (!may_guess || !says.last_modified || *says.last_modified > date) return 0;
  return std::min<seconds>((date - *says.last_modified) / 10, 86'400);
}

seconds answer_seen::age(seconds now) const { // 4.2.3
  seconds const apparent_age = std::max<seconds>(0, came - says.date.value_or(came));
  seconds const corrected_age_value = says.age.value_or(0) + (came - sent);
  return std::max(apparent_age, corrected_age_value) + (now - came);
}

std::uint64_t model::confirmed(std::uint64_t answer, asking const& to, std::uint64_t asked, saying const& not_modified,
                               seconds sent, seconds now) {
  answer_seen a = numbered(answer);
  saying updated = not_modified.has_control ? not_modified : a.says; // 3.2: the field is replaced as a whole
  updated.has_control = true;
  updated.status = a.says.status;
  updated.vary = not_modified.vary.empty() ? a.says.vary : not_modified.vary;
  updated.has_etag = a.says.has_etag;
  updated.secret = a.says.secret;
  updated.last_modified = a.says.last_modified;
  updated.expires = not_modified.expires ? not_modified.expires : a.says.expires;
  updated.date = not_modified.date ? not_modified.date : now;
  updated.age = not_modified.age;
  a.says = updated;
  if (!not_modified.vary.empty()) { // 4.1: it is for requests like this one
    a.to.x_a = to.x_a;
    a.to.language = to.language;
  }
  a.validated_by = to.token;
  a.to.no_store = a.to.no_store || to.no_store;
  a.asked = asked;
  a.sent = sent;
  a.came = now;
  saw(std::move(a));
  return order_;
}

std::uint64_t model::number_of(std::string_view content, seconds sent, seconds came) const {
  std::uint64_t found = 0;
  for (answer_seen const& a : all_)
    if (a.content == content && a.sent == sent && a.came == came) found = a.order;
  return found;
}

answer_seen const& model::numbered(std::uint64_t answer) const {
  return *std::find_if(all_.begin(), all_.end(), [&](answer_seen const& a) { return a.order == answer; });
}

std::string model::objection(asking const& request, std::uint64_t asked, std::uint64_t answer, used how,
                             seconds now) const {
  answer_seen const& a = numbered(answer);
  if (request.method != "GET" && request.method != "HEAD") return "4: the method has to be written through";
  if (a.to.method != "GET") return "4: it was no answer to GET";
  if (a.to.path != request.path) return "4: it is of another URI";
  if (how == used::validated) return {}; // by whom it is for, with a 304 that was
  if (names(a.says.vary, "*")) return "4.1: Vary: *";
  if (names(a.says.vary, "X-A") && a.to.x_a != request.x_a) return "4.1: X-A differs";
  if (names(a.says.vary, "Accept-Language") && a.to.language != request.language) return "4.1: the language differs";
  for (change const& c : changes_)
    if (c.path == request.path && c.order > a.asked && c.order <= asked) return "4.4: it was invalidated";
  if (std::string why = objection_to_storing(a); !why.empty()) return why;
  return objection_to_age(request, a, how, now);
}

std::string model::objection_to_storing(answer_seen const& a) const { // 3
  saying const& s = a.says;
  if (s.status < 200 || s.status == 206 || s.status == 304) return "3: the status";
  if (a.to.no_store) return "5.2.1.5: the request said no-store";
  if (s.no_store) return "5.2.2.5: no-store";
  if (s.is_private) return "5.2.2.7: private";
  bool const permitted = s.is_public || s.must_revalidate || s.s_maxage;
  bool const is_somebodys = !a.to.token.empty() || !a.validated_by.empty();
  if (is_somebodys && !permitted) return "3.5: it was for somebody with a token";
  bool const says_so = s.is_public || s.max_age || s.s_maxage || s.expires;
  if (!says_so && !is_heuristically_cacheable(s.status)) return "3: nothing lets it be stored";
  return {};
}

std::string model::objection_to_age(asking const& request, answer_seen const& a, used how, seconds now) const {
  saying const& s = a.says;
  if (s.no_cache) return "5.2.2.4: no-cache";
  if (how == used::as_it_is && request.no_cache) return "5.2.1.4: the request says no-cache";
  if (a.is_fresh(now)) {
    if (how != used::as_it_is) return {};
    if (request.max_age && a.age(now) > *request.max_age) return "5.2.1.1: older than the request's max-age";
    if (request.min_fresh && -a.staleness(now) < *request.min_fresh) return "5.2.1.3: not fresh for long enough";
    return {};
  }
  if (s.must_revalidate || s.proxy_revalidate || s.s_maxage) return "4.2.4: it must not be served stale";
  seconds const stale = a.staleness(now);
  if (how == used::as_it_is) {
    bool const client_takes_it = request.max_stale && stale <= *request.max_stale;
    bool const origin_lets_it = s.while_revalidate && stale <= *s.while_revalidate;
    return client_takes_it || origin_lets_it ? "" : "4.2.4: stale";
  }
  seconds const ours = how == used::unreachable ? std::max(if_unreachable_, if_error_) : if_error_;
  return stale <= s.if_error.value_or(ours) ? "" : "4.2.4: too stale even where the upstream fails";
}

}
