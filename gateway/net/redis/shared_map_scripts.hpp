#pragma once

#include <string_view>

/// What Redis does atomically, in its Lua.
namespace gateway::net {

/// exchange::tell. KEYS: the entry. ARGV: its new value, the epoch in it (empty without), its TTL in milliseconds, the
/// backend in it. Epochs have 64 bits, more than Lua's numbers hold exactly: they are compared in their written form,
/// decimal digits without leading zeros, by length and then as text. A value that is not one of ours is overwritten.
inline constexpr std::string_view learn_script = R"lua(
local old = redis.pcall('GET', KEYS[1])
if type(old) == 'string' then
  local backend, epoch = string.match(old, '^(%S+:%d+) (%d+)$')
  if epoch and (#epoch > 20 or (#epoch == 20 and epoch > '18446744073709551615') or string.match(epoch, '^0.')) then
    epoch = nil
  end
  if epoch and ARGV[2] == '' and backend == ARGV[4] then
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return 0
  end
  local own = ARGV[2]
  if epoch and own ~= '' and (#own < #epoch or (#own == #epoch and own < epoch)) then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
)lua";

/// exchange::is_lost. KEYS: the entry. ARGV: the backend that it must name.
inline constexpr std::string_view lose_script = R"lua(
local old = redis.pcall('GET', KEYS[1])
if type(old) ~= 'string' or string.match(old, '^%S+') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
)lua";

}
