#pragma once

#include <cstdint>

/// Limits that the kernel sets for a process.
namespace os {

/// Raises this process's limit on open files as far as possible without privileges: every balancer connects to every
/// proxy, every proxy to every sol, and the load generator to every balancer. Returns the resulting limit; 0 when it
/// cannot be read. Call it before starting threads.
std::uint64_t raise_open_files();

}
