#pragma once

#include "gateway/cache/transaction.hpp"
#include "gateway/net/upstream_connection.hpp"

namespace gateway::net {

/// Shows an upstream's answer to the cache.
cache::transaction::course show_answer(cache::transaction& t, upstream_connection const& from);

/// Gives the cache what has come of the content of an answer that it stores, as long as it does; nullptr: its
/// connection is gone. What follows.
upstream_connection::body_state give_content(cache::transaction& t, upstream_connection* from);

}
