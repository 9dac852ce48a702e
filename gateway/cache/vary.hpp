#pragma once

#include "gateway/http/digest.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Which of several answers for one URI a request may get (RFC 9111 4.1).
namespace gateway::cache {

/// The most session facts that answers may vary on.
inline constexpr std::size_t most_session_facts = 4;

/// Keyed digests of what the cluster said of a token's session, one for each fact that the configuration names; 0: it
/// said nothing.
using fact_values = std::array<std::uint64_t, most_session_facts>;

/// What answers of one resource are chosen by: names of request fields (lower-case) and of session facts, each once and
/// in order. Nothing: every request gets the same.
struct vary_spec {
  std::vector<std::string> fields;
  std::vector<std::uint8_t> facts; // indexes into the configured names

  bool empty() const { return fields.empty() && facts.empty(); }
  bool operator==(vary_spec const&) const = default;
};

/// From the names in an answer's Vary; `session_facts` are the configured ones, lower-case.
vary_spec make_vary_spec(std::vector<std::string> names, std::span<std::string const> session_facts);

/// A value as it is compared: blanks around commas do not count (4.1: "normalizing"), and for Accept-Encoding and
/// Accept-Language neither do letter case and the order of unequals (RFC 9110 12.5; of equals many servers take the
/// first). Authorization is compared as everywhere (http/credentials.hpp).
std::string normalised(std::string_view field, std::string_view value);

/// Digests of requests under a key that only this process has: what cannot be computed elsewhere cannot be made to
/// collide.
class variant_keys {
public:
  explicit variant_keys(http::digest_key const& key)
    : key_(key) {}

  http::token_digest resource(std::string_view key) const { return http::digest_bytes(key_, key); }

  /// What `spec` makes of a request. `head` is the request as the upstream gets it: `name: value CRLF` lines; that is
  /// what it chose the answer by. An absent field is different from every value. Nullopt if a fact is needed that is
  /// not known: no answer is this request's then.
  std::optional<http::token_digest> variant(http::token_digest const& resource, vary_spec const& spec,
                                            std::string_view head, fact_values const& facts) const;

  std::uint64_t fact(std::string_view value) const;

private:
  http::digest_key key_;
};

}
