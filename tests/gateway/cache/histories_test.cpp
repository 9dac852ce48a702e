// Random histories: what the cache serves from its store has to be what the model of RFC 9111 lets it serve.
#include "tests/gateway/cache/messages.hpp"
#include "tests/gateway/cache/rfc_model.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <map>
#include <random>
#include <utility>

using namespace tests::gateway_cache;
using kind = cache::decision::kind;
using rfc::seconds;

namespace {

constexpr seconds if_unreachable = 6, if_error = 3;

cache::cache_rules small_rules() {
  cache::cache_rules r;
  r.bytes = 1u << 17;
  r.stale_if_unreachable_s = if_unreachable;
  r.stale_if_error_s = if_error;
  return r;
}

struct tally {
  std::uint64_t requests = 0, hits = 0, stale = 0, validated = 0, instead = 0;
};

class history {
public:
  history(std::uint64_t seed, tally& counts)
    : random_(seed)
    , counts_(counts) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      now_ += some(4);
      if (!pending_.empty() && (below(3) != 0 || pending_.size() == 3))
        finish(below(pending_.size()));
      else
        begin();
    }
    while (!pending_.empty()) finish(0);
    look();
  }

private:
  struct exchange {
    rfc::asking asking;
    std::uint64_t order;
    asked a;
    std::uint64_t stored; // the number of the answer that the cache has for it
  };

  static seconds seconds_of(std::int64_t steady_ns) { return (steady_ns - at(0).steady_ns) / second_ns; }
  std::size_t below(std::size_t n) { return random_() % n; }
  bool once_in(std::size_t n) { return below(n) == 0; }
  seconds some(std::size_t n) { return static_cast<seconds>(below(n)); }

  /// Reading each of the few requests once saves a third of the time.
  static request const& parsed(rfc::asking const& asking) {
    static std::map<std::string, request> known;
    std::string const start = asking.method + " " + asking.path;
    std::string const lines = asking.lines();
    return known.try_emplace(start + "\n" + lines, start, lines).first->second;
  }

  rfc::asking draw_request() {
    static char const* const values[] = {"", "1", "2"};
    static char const* const languages[] = {"", "de", "en"};
    static char const* const tokens[] = {"", "", "alice", "bob"};
    rfc::asking r;
    r.method = once_in(16) ? "POST" : once_in(16) ? "HEAD" : "GET";
    r.path = once_in(12) ? "/b" : "/a";
    r.x_a = values[once_in(2) ? below(3) : 0];
    r.language = languages[once_in(4) ? below(3) : 0];
    r.token = tokens[once_in(2) ? below(4) : 0];
    std::size_t const asks = below(16);
    if (asks == 0) r.no_cache = true;
    if (asks == 1) r.no_store = true;
    if (asks == 2) r.only_if_cached = true;
    if (asks == 3 || (asks == 5 && once_in(2))) r.max_age = some(15);
    if (asks == 4) r.min_fresh = some(10);
    if (asks == 5 || asks == 6) r.max_stale = some(15);
    return r;
  }

  void draw_times(rfc::saying& s) {
    if (once_in(2)) s.date = now_ - (once_in(3) ? some(8) : 0) + (once_in(10) ? 5 : 0);
    if (once_in(6)) s.age = some(8);
    if (once_in(8)) s.expires = once_in(5) ? rfc::saying::invalid : now_ + some(15) - 2;
  }

  rfc::saying draw_answer() {
    static unsigned const statuses[] = {200, 200, 200, 200, 200, 203, 206, 301, 302, 404, 500, 599};
    static char const* const varies[] = {"", "", "", "X-A", "X-A", "Accept-Language", "X-A, Accept-Language", "*"};
    rfc::saying s;
    s.status = statuses[below(12)];
    s.has_control = !once_in(5);
    if (s.has_control) draw_directives(s);
    s.has_control = !s.control().empty();
    draw_times(s);
    if (once_in(4)) s.last_modified = now_ - some(200);
    s.has_etag = once_in(2);
    s.vary = varies[below(8)];
    if (s.hides_a_field || once_in(8)) s.secret = "secret of " + std::to_string(next_);
    return s;
  }

  void draw_directives(rfc::saying& s) {
    s.no_store = once_in(20);
    s.no_cache = once_in(14);
    s.is_private = once_in(14);
    s.is_public = once_in(3);
    s.must_revalidate = once_in(8);
    s.proxy_revalidate = once_in(14);
    s.hides_a_field = once_in(10);
    if (!once_in(4)) s.max_age = some(15);
    if (once_in(6)) s.s_maxage = some(15);
    // Beside s-maxage they are believed, on purpose: stale_test.cpp has it.
    if (once_in(4) && !s.s_maxage) s.while_revalidate = some(12);
    if (once_in(5) && !s.s_maxage) s.if_error = some(12);
  }

  rfc::saying draw_not_modified(rfc::answer_seen const& of) {
    rfc::saying s;
    s.status = 304;
    s.has_etag = of.says.has_etag;
    if (!s.has_etag) s.last_modified = of.says.last_modified;
    if (once_in(2)) draw_directives(s);
    s.has_control = !s.control().empty();
    if (once_in(8)) s.vary = once_in(3) ? "*" : of.says.vary; // another one: merging_test.cpp
    if (once_in(8)) s.secret = "secret of a 304";
    draw_times(s);
    return s;
  }

  /// A request, as far as the cache's decision about it.
  exchange ask() {
    ++counts_.requests;
    rfc::asking const asking = draw_request();
    exchange e{asking, model_.order(), lab_.ask(parsed(asking), at(now_)), 0};
    if (cache::store::answer_ptr const& held = e.a.decided.stored) {
      e.stored =
          model_.number_of(held->body->bytes(), seconds_of(held->requested_ns), seconds_of(held->fresh.received_ns));
      REQUIRE(e.stored != 0);
    }
    if (e.a.kind() == kind::unavailable) REQUIRE(asking.only_if_cached);
    if (!e.a.is_answered()) return e;
    check(e, lab_.serve(e.a, at(now_)), rfc::used::as_it_is);
    ++counts_.hits;
    if (!e.a.decided.stored->fresh.is_fresh(at(now_))) ++counts_.stale;
    return e;
  }

  /// One that goes nowhere if it is not answered at once.
  void look() {
    exchange e = ask();
    lab_.give_up(e.a);
  }

  void begin() {
    exchange e = ask();
    if (e.a.decided.refresh) {
      lab_.refresh(e.a, at(now_));
      rfc::asking own;
      own.method = "GET";
      own.path = e.asking.path;
      own.x_a = e.asking.x_a;
      own.language = e.asking.language;
      own.token = e.asking.token;
      e.asking = own;
    }
    if (e.a.goes_on()) pending_.push_back(std::move(e)); // who would have to wait goes
  }

  void finish(std::size_t which) {
    exchange e = std::move(pending_[which]);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(which));
    if (once_in(10)) {
      reply const got = lab_.fail(e.a, at(now_));
      if (got.stored) check(e, got, rfc::used::unreachable);
    } else if (e.asking.method == "HEAD") { // what one says of stored answers is the matter of merging_test.cpp
      reply const got = lab_.take(e.a, answer(598, {}), at(now_));
      REQUIRE_FALSE(got.stored);
    } else if (e.a.kind() == kind::validate && !once_in(3)) {
      confirm(e);
    } else {
      answer_anew(e);
    }
  }

  void confirm(exchange& e) {
    rfc::saying const says = draw_not_modified(model_.numbered(e.stored));
    reply const got = lab_.take(e.a, answer(304, says.lines()), at(now_));
    REQUIRE(got.stored);
    e.stored = model_.confirmed(e.stored, e.asking, e.order, says, e.a.when.wall_s - noon_s, now_);
    check(e, got, rfc::used::validated);
    ++counts_.validated;
  }

  void answer_anew(exchange& e) {
    rfc::saying const says = draw_answer();
    rfc::answer_seen const seen{
        e.asking, says, "content " + std::to_string(next_++), e.a.when.wall_s - noon_s, now_, {}, e.order, 0};
    reply const got = lab_.take(e.a, answer(says.status, says.lines(), seen.content), at(now_));
    if (got.stored) {
      REQUIRE(says.status >= 500);
      check(e, got, rfc::used::upstream_failed);
      ++counts_.instead;
      return;
    }
    if (e.asking.method == "POST" && says.status < 400) model_.changed(e.asking.path);
    model_.saw(seen);
  }

  /// That `got`, made from the store, is what the model lets it be.
  void check(exchange const& e, reply const& got, rfc::used how) {
    rfc::answer_seen const& of = model_.numbered(e.stored);
    std::string problem = model_.objection(e.asking, e.order, e.stored, how, now_);
    if (got.status != of.says.status) problem = "another status";
    if (got.content != (e.asking.method == "HEAD" ? "" : of.content)) problem = "other content";
    if (got.field("Age") != std::to_string(std::max<seconds>(0, of.age(now_)))) problem = "4: another Age";
    if (of.says.hides_a_field && got.field("X-Secret")) problem = "5.2.2.7: a private field";
    if (problem.empty()) return;
    FAIL("at " << now_ << " " << e.asking.method << " " << e.asking.path << "\n"
               << e.asking.lines() << "\nwas served, of " << of.came << ", to a request of " << of.sent << "\n"
               << of.to.lines() << "\nthis\n"
               << got.head << of.content << "\nbut: " << problem);
  }

  std::mt19937_64 random_;
  tally& counts_;
  lab lab_{small_rules()};
  rfc::model model_{if_unreachable, if_error};
  std::vector<exchange> pending_;
  seconds now_ = 0;
  std::uint64_t next_ = 0;
};

}

// A history that failed: CREST_SEED=… test_gateway_cache "RFC 9111: in random histories*".
TEST_CASE("RFC 9111: in random histories the cache serves only what the model says that it may") {
  constexpr std::uint64_t histories = 20'000;
  char const* const asked = std::getenv("CREST_SEED");
  std::uint64_t const first = asked ? std::strtoull(asked, nullptr, 10) : 1;
  std::uint64_t const last = asked ? first : histories;
  tally counts;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    INFO("replay with CREST_SEED=" << seed);
    history(seed, counts).run(4);
  }
  if (asked) return;
  INFO(counts.requests << " requests, " << counts.hits << " hits, " << counts.stale << " of them stale, "
                       << counts.validated << " validated, " << counts.instead << " served in place of errors");
  CHECK(counts.hits > counts.requests / 20);
  CHECK(counts.stale > 500);
  CHECK(counts.validated > 500);
  CHECK(counts.instead > 10);
}
