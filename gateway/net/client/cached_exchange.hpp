#pragma once

#include "gateway/cache/transaction.hpp"
#include "gateway/net/upstream/upstream_connection.hpp"

namespace gateway::net {

/// Gives the cache the content received so far of an answer that it stores, as long as it stores it; nullptr: the
/// connection is gone. Returns what follows.
upstream_connection::body_state give_content(cache::transaction& t, upstream_connection* from);

}
