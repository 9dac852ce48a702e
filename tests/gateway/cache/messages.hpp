#pragma once

#include "gateway/cache/cache.hpp"
#include "gateway/cache/serve.hpp"
#include "gateway/cache/session_facts.hpp"
#include "gateway/http/head_parser.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Requests and answers from text, and a laboratory in which they meet a cache, with the time as an argument.
namespace tests::gateway_cache {

namespace cache = gateway::cache;
namespace http = gateway::http;
using cache::moment;
using cache::second_ns;

/// Tuesday, 26 November 2024, 12:00 UTC.
inline constexpr std::int64_t noon_s = 1'732'622'400;

/// So many seconds (and nanoseconds) after that noon.
moment at(std::int64_t seconds, std::int64_t nanoseconds = 0);
/// The value of a Date that says so.
std::string date_at(std::int64_t seconds);

/// `start`: method and target, such as "GET /a". `lines`: field lines, each but the last ended by '\n'; a Host is
/// added. Throws for what is none.
struct request {
  request(std::string_view start, std::string_view lines = {}, bool with_body = false);
  request(char const* start)
    : request(std::string_view(start)) {}

  struct parsed {
    std::string wire;
    http::message_head head;
    std::string key;
    std::string authorization; // empty without
    std::string forwarded;     // as an upstream gets it
  };
  std::shared_ptr<parsed const> text;
  cache::request_facts facts;
};

struct answer {
  answer(unsigned status, std::string_view lines = {}, std::string content = "content");

  std::string wire;
  http::message_head head;
  std::optional<std::uint64_t> length; // that it states
  std::string content;

  cache::answer_facts facts(moment now, std::span<std::string const> targets = {}) const {
    return cache::read_answer(head, wire.data(), now, targets);
  }
};

/// What `lines` make of an answer's directives, and of a request's.
cache::answer_directives answer_control(std::string_view field);
cache::request_directives request_control(std::string_view field);

/// Values of all lines of a field in a head, joined by ", ", or nullopt.
std::optional<std::string> field_of(std::string_view head, std::string_view name);
/// How many lines of the field there are.
std::size_t count_of(std::string_view head, std::string_view name);

/// Content that is stored, in a ledger of which `reserved` bytes are already for it.
std::shared_ptr<cache::stored_body const> body_of(std::string content, std::size_t reserved,
                                                  std::shared_ptr<cache::ledger> in);

/// What a client gets.
struct reply {
  unsigned status = 0;
  std::string head{}, content{}; // the head only if it was made from the store
  bool stored = false;           // made from the store
  bool again = false;            // none yet: the upstream has to be asked once more, for the whole

  std::optional<std::string> field(std::string_view name) const { return field_of(head, name); }
};

/// A request on its way.
struct asked {
  request what;
  http::token_digest resource{};
  moment when{};
  cache::decision decided{};
  cache::fact_values said{};
  std::string upstream_head{}; // that is sent, if it goes on

  cache::decision::kind kind() const { return decided.what; }
  bool is_answered() const { return kind() == cache::decision::kind::answer; }
  bool goes_on() const { return kind() == cache::decision::kind::fetch || kind() == cache::decision::kind::validate; }
};

/// A cache with its store, and what the gateway does between them, clients and upstreams, without any of them.
class lab {
public:
  explicit lab(cache::cache_rules const& rules = {}, std::vector<std::string> targets = {},
               std::vector<std::string> fact_names = {});

  asked ask(request what, moment now, bool may_wait = true);
  /// Asks again: what was waited for is over.
  void ask_again(asked& a, moment now, bool may_wait = true);
  /// What was served stale is validated, on the gateway's own account.
  void refresh(asked& a, moment now);

  /// What the client gets of the upstream's answer.
  reply take(asked& a, answer const& from, moment now);
  /// No upstream answers: what is served instead, or 502.
  reply fail(asked& a, moment now);
  /// What a request is served that needs no upstream.
  reply serve(asked const& a, moment now) const;

  /// Asks, and gives `from` if an upstream is asked. Needs nobody to be waited for.
  reply play(request what, answer const& from, moment now);
  /// Whether a request is answered without an upstream.
  bool answers_alone(request what, moment now);

  cache::variant_keys keys;
  cache::cache core;
  std::vector<std::string> targets;
  std::optional<cache::session_facts> facts;
  std::vector<http::token_digest> landed; // flights that ended and were waited for

private:
  cache::storing_rules rules() const;
  void consult(asked& a, bool may_wait);
  bool concerns(asked const& a, cache::fact_values const& said) const;
  cache::fact_values known_of(request const& by, moment now);
  bool may_serve_instead(asked const& a, bool unreachable, moment now);
  reply take_not_modified(asked& a, answer const& from, cache::answer_facts const& read, moment now);
  void begin_and_complete(asked& a, answer const& from, cache::answer_facts const& read, moment now);
  void take_head_answer(asked& a, answer const& from, cache::answer_facts const& read, moment now);
  void put_merged(asked const& a, std::shared_ptr<cache::stored_answer const> merged);
  void invalidate(request const& by, answer const& from, moment now);
  void land(asked& a);
};

/// Whether what was answered to `first` with `from` answers `second`, `later_s` seconds later, without an upstream.
bool reuses(request const& first, answer const& from, request const& second, std::int64_t later_s = 1,
            cache::cache_rules const& rules = {});
bool reuses(answer const& from, std::int64_t later_s = 1);

}
