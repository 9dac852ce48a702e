#pragma once

#include "gateway/cache/transaction.hpp"
#include "gateway/net/upstream/upstream_connection.hpp"

namespace gateway::net {

/// Gives the cache what has come of the content of an answer that it stores, as long as it does; nullptr: its
/// connection is gone. What follows.
upstream_connection::body_state give_content(cache::transaction& t, upstream_connection* from);

}
