#include "gateway/net/cached_exchange.hpp"

#include <optional>
#include <vector>

namespace gateway::net {

cache::transaction::course show_answer(cache::transaction& t, upstream_connection const& from) {
  std::optional<std::uint64_t> length;
  if (auto const stated = from.parser().content_length()) length = *stated;
  return t.on_answer(from.head(), from.base(), length);
}

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
