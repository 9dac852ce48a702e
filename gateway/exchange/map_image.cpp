#include "gateway/exchange/map_image.hpp"

#include "base/contract/expects.hpp"

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

namespace gateway::exchange {
namespace {

constexpr std::uint32_t version = 1;
constexpr std::size_t head_bytes = image_mark.size() + 4 + 4 + 8 + sizeof(http::digest_key);
constexpr std::size_t checksum_bytes = 16;
constexpr std::size_t longest_name = 300; // chosen: a host name has 253 characters at most, and a port five
constexpr std::uint32_t has_epoch = 1u << 31;

template<class Number>
void append(std::string& out, Number value) {
  boost::endian::native_to_little_inplace(value);
  out.append(reinterpret_cast<char const*>(&value), sizeof value);
}

/// Takes a number from the front. Precondition: there are so many bytes.
template<class Number>
Number take(std::string_view& bytes) {
  CREST_EXPECTS(bytes.size() >= sizeof(Number));
  Number value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return boost::endian::little_to_native(value);
}

std::string checksum_of(http::digest_key const& key, std::string_view bytes) {
  http::token_digest const digest = http::digest_bytes(key, bytes);
  std::string out;
  append(out, digest.high);
  append(out, digest.low);
  return out;
}

}

map_image_writer::map_image_writer(http::digest_key const& key, std::vector<std::string> const& upstreams,
                                   std::size_t about)
  : key_(key)
  , upstreams_(upstreams.size()) {
  CREST_EXPECTS(upstreams.size() <= most_image_upstreams);
  std::size_t names = 0;
  for (std::string const& name : upstreams) names += 2 + name.size();
  bytes_.reserve(head_bytes + names + about * map_image::entry_bytes + checksum_bytes);
  bytes_ += image_mark;
  append(bytes_, version);
  append(bytes_, static_cast<std::uint32_t>(upstreams.size()));
  append(bytes_, entries_); // finish knows
  bytes_.append(reinterpret_cast<char const*>(key.data()), key.size());
  for (std::string const& name : upstreams) {
    CREST_EXPECTS(name.size() <= longest_name);
    append(bytes_, static_cast<std::uint16_t>(name.size()));
    bytes_ += name;
  }
}

void map_image_writer::add(kept_token const& entry) {
  std::uint32_t const place = routing::index_of(entry.upstream);
  CREST_EXPECTS(place < upstreams_);
  for (std::uint32_t const word : entry.key.words) append(bytes_, word);
  append(bytes_, entry.epoch ? place | has_epoch : place);
  append(bytes_, entry.epoch.value_or(0));
  ++entries_;
}

std::string map_image_writer::finish() {
  std::uint64_t const count = boost::endian::native_to_little(entries_);
  std::memcpy(bytes_.data() + image_mark.size() + 8, &count, sizeof count);
  bytes_ += checksum_of(key_, bytes_);
  return std::move(bytes_);
}

std::variant<map_image, image_fault> map_image::read(std::string_view bytes) {
  if (!bytes.starts_with(image_mark)) return image_fault::foreign;
  std::string_view rest = bytes.substr(image_mark.size());
  if (rest.size() < sizeof version) return image_fault::damaged;
  if (take<std::uint32_t>(rest) != version) return image_fault::other_version;
  if (bytes.size() < head_bytes + checksum_bytes) return image_fault::damaged;
  auto const upstreams = take<std::uint32_t>(rest);
  auto const entries = take<std::uint64_t>(rest);
  map_image image;
  std::memcpy(image.key_.data(), rest.data(), image.key_.size());
  rest.remove_prefix(image.key_.size());
  std::string_view const summed = bytes.substr(0, bytes.size() - checksum_bytes);
  rest.remove_suffix(checksum_bytes);
  if (checksum_of(image.key_, summed) != bytes.substr(summed.size())) return image_fault::damaged;

  // The checksum holds: what follows is as it was written, but by whom?
  if (upstreams > most_image_upstreams || upstreams > rest.size() / 2) return image_fault::damaged;
  image.upstreams_.reserve(upstreams);
  for (std::uint32_t i = 0; i != upstreams; ++i) {
    if (rest.size() < 2) return image_fault::damaged;
    auto const length = take<std::uint16_t>(rest);
    if (length > longest_name || length > rest.size()) return image_fault::damaged;
    image.upstreams_.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  if (rest.size() % entry_bytes != 0 || rest.size() / entry_bytes != entries) return image_fault::damaged;
  image.entries_ = rest;
  for (std::size_t i = 0; i != image.size(); ++i)
    if (routing::index_of(image[i].upstream) >= upstreams) return image_fault::damaged;
  return image;
}

kept_token map_image::operator[](std::size_t index) const {
  std::string_view bytes = entries_.substr(index * entry_bytes, entry_bytes);
  kept_token out;
  for (std::uint32_t& word : out.key.words) word = take<std::uint32_t>(bytes);
  auto const place = take<std::uint32_t>(bytes);
  out.upstream = routing::upstream_id{place & ~has_epoch};
  if (auto const epoch = take<std::uint64_t>(bytes); place & has_epoch) out.epoch = epoch;
  return out;
}

std::size_t most_image_bytes(std::size_t entries) {
  constexpr std::size_t without = head_bytes + most_image_upstreams * (2 + longest_name) + checksum_bytes;
  constexpr std::size_t limit = std::numeric_limits<std::size_t>::max();
  return entries > (limit - without) / map_image::entry_bytes ? limit : without + entries * map_image::entry_bytes;
}

}
