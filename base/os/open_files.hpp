#pragma once

#include <cstdint>

/// Limits that the kernel sets for a process.
namespace os {

/// Raises this process's limit of open files as far as it may be raised without privileges: every balancer connects to
/// every proxy, every proxy to every sol, and the load to every balancer. Returns what the limit is then; 0 when it
/// cannot be read. Call it before threads are started.
std::uint64_t raise_open_files();

}
