#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>

namespace gateway::admission {

/// How many connections each address has open. Not thread-safe.
class open_connections {
public:
  /// False when the address has `most` already; else one more, until `closed`.
  bool open(std::uint64_t address, std::uint32_t most) {
    std::uint32_t& count = counts_[address];
    if (count >= most) return false;
    ++count;
    return true;
  }
  void closed(std::uint64_t address) {
    auto const at = counts_.find(address);
    if (at != counts_.end() && --at->second == 0) counts_.erase(at);
  }
  std::size_t addresses() const { return counts_.size(); }

private:
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> counts_;
};

}
