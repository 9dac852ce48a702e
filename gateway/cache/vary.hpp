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

/// Keyed digests of what the cluster said about a token's session, one for each configured fact; 0: it said nothing.
using fact_values = std::array<std::uint64_t, most_session_facts>;

/// What selects among answers of one resource: names of request fields (lower-case) and of session facts, each once and
/// in order. Empty: every request gets the same answer.
struct vary_spec {
  std::vector<std::string> fields;
  std::vector<std::uint8_t> facts; // indexes into the configured names

  bool empty() const { return fields.empty() && facts.empty(); }
  bool operator==(vary_spec const&) const = default;
};

/// From the names in an answer's Vary; `session_facts` are the configured ones, lower-case.
vary_spec make_vary_spec(std::vector<std::string> names, std::span<std::string const> session_facts);

/// A value as it is compared: blanks around commas are ignored (4.1: "normalizing"), and for Accept-Encoding and
/// Accept-Language also letter case and the order of entries with unequal weights (RFC 9110 12.5; of equals many
/// servers take the first). Authorization is compared as everywhere (http/credentials.hpp).
std::string normalised(std::string_view field, std::string_view value);

/// Digests of requests under a key that only this process has: digests that cannot be computed elsewhere cannot be made
/// to collide.
class variant_keys {
public:
  explicit variant_keys(http::digest_key const& key)
    : key_(key) {}

  http::token_digest resource(std::string_view key) const { return http::digest_bytes(key_, key); }

  /// The digest of a request by `spec`. `head` is the request as the upstream gets it, as `name: value CRLF` lines,
  /// since the upstream chose the answer by these. An absent field differs from every value. Nullopt if a needed fact
  /// is not known: then no stored answer matches the request.
  std::optional<http::token_digest> variant(http::token_digest const& resource, vary_spec const& spec,
                                            std::string_view head, fact_values const& facts) const;

  std::uint64_t fact(std::string_view value) const;

private:
  http::digest_key key_;
};

}
