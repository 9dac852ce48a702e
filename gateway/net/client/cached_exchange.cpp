#include "gateway/net/client/cached_exchange.hpp"

#include <vector>

namespace gateway::net {

upstream_connection::body_state give_content(cache::transaction& t, upstream_connection* from) {
  using state = upstream_connection::body_state;
  constexpr std::size_t max_pieces = 8; // at a time
  std::vector<std::string_view> pieces;
  state what = from ? state::more : state::broken;
  while (what == state::more && t.is_storing()) {
    what = from->next_body(pieces, max_pieces);
    for (std::string_view const piece : pieces) t.take(piece);
  }
  if (what == state::done) t.complete();
  if (what == state::broken) t.give_up();
  return what;
}

}
