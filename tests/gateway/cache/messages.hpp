#pragma once

#include "gateway/cache/serve.hpp"
#include "gateway/cache/transaction.hpp"
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
    http::request_summary summary; // of `wire`
    std::string forwarded;         // as an upstream gets it
  };
  std::shared_ptr<parsed const> text;
  cache::request_facts facts;
  bool has_body = false;
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

/// Content that is stored, in a byte counter of which `reserved` bytes are already for it.
std::shared_ptr<cache::stored_body const> body_of(std::string content, std::size_t reserved,
                                                  std::shared_ptr<cache::byte_counter> in);

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
  std::shared_ptr<cache::transaction> way{};
  moment when{};
  cache::decision decided{};   // of `way`, as it was at the last call
  std::string upstream_head{}; // that is sent, if it goes on

  cache::decision::kind kind() const { return decided.what; }
  bool is_answered() const { return kind() == cache::decision::kind::answer; }
  bool goes_on() const { return kind() == cache::decision::kind::fetch || kind() == cache::decision::kind::validate; }
};

/// A cache and those who ask it, without clients and upstreams.
class lab final : cache::environment {
  cache::shared_cache shared_;

public:
  explicit lab(cache::cache_rules const& rules = {}, std::vector<std::string> targets = {},
               std::vector<std::string> fact_names = {});

  /// A fetch that it leads stays under way, also where the result is not kept.
  asked ask(request what, moment now, bool may_wait = true);
  /// Asks again: what was waited for is over.
  void ask_again(asked& a, moment now, bool may_wait = true);
  /// What was served stale is validated, on the gateway's own account.
  void refresh(asked& a, moment now);

  /// What the client gets of the upstream's answer.
  reply take(asked& a, answer const& from, moment now);
  /// No upstream answers: what is served instead, or 502.
  reply fail(asked& a, moment now);
  /// The client has gone, or the gateway gives up for another reason.
  void give_up(asked& a);
  /// What a request is served that needs no upstream.
  reply serve(asked const& a, moment now) const;

  /// Asks, and gives `from` if an upstream is asked. Needs nobody to be waited for.
  reply play(request what, answer const& from, moment now);
  /// Whether a request is answered without an upstream.
  bool answers_alone(request what, moment now);

  cache::cache& core;
  std::vector<http::token_digest> completions; // of flights that ended and were waited for
  std::vector<cache::fetch_outcome> how;       // each of them did

private:
  moment now() const override { return now_; }
  http::answer_forwarding forwarding() const override { return {}; }
  void fetch_completed(http::token_digest const& variant, cache::fetch_outcome how) override;
  void look(asked& a) const;

  moment now_{};
  std::shared_ptr<std::vector<std::unique_ptr<cache::transaction>>> left_; // that lead a fetch
};

/// Whether what was answered to `first` with `from` answers `second`, `later_s` seconds later, without an upstream.
bool reuses(request const& first, answer const& from, request const& second, std::int64_t later_s = 1,
            cache::cache_rules const& rules = {});
bool reuses(answer const& from, std::int64_t later_s = 1);

}
