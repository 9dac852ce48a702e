#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What RFC 9111 lets a shared cache do, written down as naively as can be: every answer ever seen is kept, and each
/// time it is asked anew, by the text, whether it may be used. Times are whole seconds.
namespace tests::gateway_cache::rfc {

using seconds = std::int64_t;

/// A request, as far as a cache looks at it.
struct asking {
  std::string method, path;
  std::string x_a, language, token; // values of fields; empty: absent
  bool no_cache = false, no_store = false, only_if_cached = false;
  std::optional<seconds> max_age, min_fresh, max_stale;

  std::string lines() const;
};

/// What an answer's head says.
struct saying {
  unsigned status = 200;
  bool has_control = false; // else none of the directives is there
  bool no_store = false, no_cache = false, is_private = false, is_public = false;
  bool must_revalidate = false, proxy_revalidate = false;
  bool hides_a_field = false; // private="X-Secret"
  std::optional<seconds> max_age, s_maxage, while_revalidate, if_error;
  std::optional<seconds> date, last_modified, age;
  std::optional<seconds> expires; // `invalid`: no date
  std::string vary;               // empty: absent
  bool has_etag = false;
  std::string secret; // value of X-Secret

  static constexpr seconds invalid = -1'000'000'000;
  std::string lines() const;
  std::string control() const;
};

/// An answer that came, and what validations made of it.
struct answer_seen {
  asking to;
  saying says;
  std::string content; // no two have the same
  seconds sent = 0, came = 0;
  std::string validated_by; // the token of who had it validated last
  std::uint64_t asked = 0;  // what was the last thing that had happened when the request came
  std::uint64_t order = 0;  // among all that happened: its number

  seconds lifetime() const;
  seconds age(seconds now) const;
  /// How long it has been stale; negative or 0: it is fresh up to then.
  seconds staleness(seconds now) const { return age(now) - lifetime(); }
  bool is_fresh(seconds now) const { return lifetime() > age(now); }
};

/// How a cache came to use what it stored.
enum class used { as_it_is, validated, upstream_failed, unreachable };

class model {
public:
  /// Configured limits of staleness for answers that state none.
  model(seconds if_unreachable, seconds if_error)
    : if_unreachable_(if_unreachable)
    , if_error_(if_error) {}

  void saw(answer_seen one) {
    one.order = ++order_;
    all_.push_back(std::move(one));
  }
  /// A success of an unsafe method.
  void changed(std::string const& path) { changes_.push_back({path, ++order_}); }
  /// A 304 to `to` was about this answer, which there is anew from now on: its number.
  std::uint64_t confirmed(std::uint64_t answer, asking const& to, std::uint64_t asked, saying const& not_modified,
                          seconds sent, seconds now);

  /// The number of the answer with this content, that came, and was asked for, then; 0: none.
  std::uint64_t number_of(std::string_view content, seconds sent, seconds came) const;
  answer_seen const& numbered(std::uint64_t answer) const;
  /// Number of the last thing that happened.
  std::uint64_t order() const { return order_; }
  /// Why the answer must not be used for the request, which came when `order()` was `asked`; empty: it may.
  std::string objection(asking const& request, std::uint64_t asked, std::uint64_t answer, used how, seconds now) const;

private:
  struct change {
    std::string path;
    std::uint64_t order;
  };
  std::string objection_to_storing(answer_seen const& a) const;
  std::string objection_to_age(asking const& request, answer_seen const& a, used how, seconds now) const;

  seconds if_unreachable_, if_error_;
  std::vector<answer_seen> all_;
  std::vector<change> changes_;
  std::uint64_t order_ = 0;
};

}
