#include "fakeproxy/cluster/siphash.hpp"

#include <boost/endian/conversion.hpp>
#include <sodium.h>

namespace fakeproxy::cluster {

static_assert(crypto_shorthash_siphash24_KEYBYTES == std::tuple_size_v<token_key>);

std::uint64_t siphash(token_key const& key, void const* data, std::size_t size) {
  unsigned char out[crypto_shorthash_siphash24_BYTES];
  crypto_shorthash_siphash24(out, static_cast<unsigned char const*>(data), size, key.data());
  return boost::endian::load_little_u64(out);
}

}
