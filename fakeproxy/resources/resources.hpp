#pragma once

#include "fakeproxy/cluster/types.hpp"
#include "fakeproxy/resources/conditions.hpp"
#include "fakeproxy/resources/corporations.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What a proxy serves under a path, so that caches in front of it can be tested: each answer says what time it is from
/// and to whom it belongs. See docs/wire.md.
namespace fakeproxy::resources {

/// Who may see a resource, and so what its answers depend on.
enum class audience : std::uint8_t {
  everyone,
  character,  // each character sees its own; nobody else sees anything
  corporation // those who are in the corporation that the path names
};

/// As configurations write it.
constexpr std::string_view name_of(audience value) {
  switch (value) {
  case audience::everyone:
    return "everyone";
  case audience::character:
    return "character";
  case audience::corporation:
    return "corporation";
  }
  return {};
}

/// The validators that its answers carry.
enum class validators : std::uint8_t { none, etag, last_modified, both };

/// As configurations write it.
constexpr std::string_view name_of(validators value) {
  switch (value) {
  case validators::none:
    return "none";
  case validators::etag:
    return "etag";
  case validators::last_modified:
    return "last_modified";
  case validators::both:
    return "both";
  }
  return {};
}

struct resource {
  std::string path; // begins with `/`; ends with it only if it is the whole of the path
  std::string cache_control;
  std::string vary; // names of request fields, separated by commas
  resources::validators validators = resources::validators::none;
  std::size_t bytes = 256;             // of the body
  cluster::duration changes_every = 0; // 0: never
  resources::audience audience = resources::audience::everyone;
};

/// The resource with the longest path that `target` is under: `target` equals it, or continues with `/` or `?`.
/// nullptr: none.
resource const* find_resource(std::span<resource const> all, std::string_view target);

/// Which version of the resource is visible at `when`, a time of the machine's CLOCK_MONOTONIC when live.
std::uint64_t version_at(resource const& of, cluster::time_point when);
cluster::time_point begin_of_version(resource const& of, std::uint64_t version);

/// The number of the corporation in `target`, which is the segment after the resource's path; 0: there is none.
std::uint32_t corporation_in(resource const& of, std::string_view target);

/// Whether `character` (none: no token) may see what `target` names under the resource. Others get 403.
bool admits(resource const& of, std::string_view target, corporations const& all, cluster::character_id character,
            cluster::time_point when);

/// Digest of the values of those request fields that `vary` names, with the names; lines of one field count as one
/// list, blanks around its commas do not count. 0: the request has none of them. `X-Session-*` do not count as request
/// fields.
std::uint64_t variant_of(std::string_view vary, std::span<request_field const> fields);

/// What distinguishes answers of a resource.
struct resource_mark {
  std::uint64_t version = 0;
  resources::audience audience = resources::audience::everyone;
  std::uint32_t id = 0; // of the character or corporation; 0 for everyone
  std::uint64_t variant = 0;
  bool operator==(resource_mark const&) const = default;
};

/// The mark of the answer to `character` at `when`; the character must be admitted.
resource_mark mark_of(resource const& of, std::string_view target, cluster::character_id character,
                      std::uint64_t variant, cluster::time_point when);

/// Appends `version=17; audience=corporation:3; variant=0`, the value of Lab-Resource.
void append_mark(std::string& out, resource_mark const& mark);
/// The mark that `append_mark` wrote, or nothing.
std::optional<resource_mark> parse_mark(std::string_view text);

/// What distinguishes targets in tags and bodies.
std::uint64_t target_digest(std::string_view target);

/// `"TARGET-VERSION-AUDIENCE-VARIANT"`, with a digest of the target. Strong: equal tags mean equal bodies.
std::string etag_of(std::string_view target, resource_mark const& mark);

/// Appends the body: the line `Lab-Resource: MARK` and a line feed, then the digest of `target` in 16 hexadecimal
/// digits again and again up to `bytes`. Just the line when `bytes` is smaller.
void append_resource_body(std::string& out, std::string_view target, resource_mark const& mark, std::size_t bytes);

}
