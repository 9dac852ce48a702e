#pragma once

#include "gateway/http/digest.hpp"
#include "gateway/routing/kept_map.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The bytes in which a token map outlives its process (docs/adr/0022-a-map-that-outlives-its-process.md).
///
///     "CRESTmap"  version: u32  upstreams: u32  entries: u64  key of the digests: 16 bytes
///     an upstream: length u16, HOST:PORT
///     an entry: 12 bytes of the digest, place of its upstream: u32, with bit 31 if there is an epoch; epoch: u64
///     checksum: 16 bytes, the digest of all that precedes, under that key
///
/// Numbers are little-endian. Entries are in the order of their last use, the latest last. There is no token in it.
namespace gateway::exchange {

/// What every image begins with, of this version and others.
inline constexpr std::string_view image_mark = "CRESTmap";

/// More upstreams than a gateway has.
inline constexpr std::size_t most_image_upstreams = std::size_t{1} << 17;

using kept_token = routing::kept<http::map_key>; // `upstream` is a place in the image's list of upstreams

class map_image_writer {
public:
  /// `upstreams`: HOST:PORT of each that entries will name, by their places. `about`: so many entries are expected.
  map_image_writer(http::digest_key const& key, std::vector<std::string> const& upstreams, std::size_t about);
  void add(kept_token const& entry);
  std::size_t entries() const { return entries_; }
  /// The whole image; nothing may follow.
  std::string finish();

private:
  http::digest_key key_;
  std::string bytes_;
  std::size_t upstreams_;
  std::uint64_t entries_ = 0;
};

/// Why bytes are no image.
enum class image_fault : std::uint8_t {
  foreign,       // they never were one
  other_version, // of a format that this program does not know
  damaged        // cut off, changed, or made wrong
};

/// An image that was found whole. Refers to its bytes.
class map_image {
public:
  /// Checks all of it. Allocates no more than the upstreams' names take, whatever the bytes say.
  static std::variant<map_image, image_fault> read(std::string_view bytes);

  http::digest_key const& key() const { return key_; }
  std::vector<std::string_view> const& upstreams() const { return upstreams_; }
  std::size_t size() const { return entries_.size() / entry_bytes; }
  /// Of an entry below `size()`.
  kept_token operator[](std::size_t index) const;

  static constexpr std::size_t entry_bytes = 24;

private:
  http::digest_key key_{};
  std::vector<std::string_view> upstreams_;
  std::string_view entries_;
};

/// Bytes of the largest image with so many entries.
std::size_t most_image_bytes(std::size_t entries);

}
