#include "gateway/cache/store.hpp"

#include <algorithm>
#include <utility>

namespace gateway::cache {
namespace {

constexpr std::size_t most_specs = 4;  // of one resource: an origin that changes its Vary more often is not followed
constexpr std::size_t most_looks = 64; // for one that is not being sent

/// Prefers a fresh one, so that a variant that an origin no longer has is not revalidated for ever; then (RFC 9111 4.1)
/// one with Vary, since the others may lack it by mistake; then by Date, and by arrival.
bool is_preferred(stored_answer const& a, stored_answer const& b, moment now) {
  if (a.fresh.is_fresh(now) != b.fresh.is_fresh(now)) return a.fresh.is_fresh(now);
  if (a.vary.empty() != b.vary.empty()) return b.vary.empty();
  std::int64_t const date_a = a.date_s.value_or(0), date_b = b.date_s.value_or(0);
  return date_a != date_b ? date_a > date_b : a.fresh.received_ns > b.fresh.received_ns;
}

/// An answer stays counted as long as anyone holds it, if only to send it.
struct counting {
  store::answer_ptr answer;
  std::shared_ptr<byte_counter> in;
  std::size_t bytes;
  void operator()(stored_answer const*) {
    answer.reset();
    in->bytes.fetch_sub(bytes, std::memory_order_relaxed);
  }
};

/// A slot of a flat map, at a load between 7/16 and 7/8.
template<class T>
constexpr std::size_t slot_bytes = (sizeof(http::token_digest) + sizeof(std::unique_ptr<T>)) * 3 / 2;

}

store::store(std::size_t budget, variant_keys const& keys)
  : budget_(budget)
  , keys_(keys) {}

store::~store() {
  by_use_.clear();
  for (auto& [id, r] : resources_) r->variants.clear();
}

store::found store::find(http::token_digest const& id, std::string_view key, std::string_view head,
                         fact_values const& facts, moment now) {
  found out;
  out.variant = id;
  auto const at = resources_.find(id);
  if (at == resources_.end() || at->second->key != key) return out;
  out.knows_resource = true;
  variant* best = nullptr;
  bool is_first = true;
  for (vary_spec const& spec : at->second->specs) {
    auto const wanted = keys_.variant(id, spec, head, facts);
    if (!wanted) {
      out.lacks_facts = true;
      continue;
    }
    if (std::exchange(is_first, false)) out.variant = *wanted;
    auto const stored = variants_.find(*wanted);
    if (stored == variants_.end()) continue;
    variant& v = *stored->second;
    if (!best || is_preferred(*v.answer, *best->answer, now)) best = &v;
  }
  if (!best) return out;
  by_use_.splice(by_use_.begin(), by_use_, by_use_.iterator_to(*best));
  out.answer = best->answer;
  out.variant = best->id;
  return out;
}

bool store::make_room(std::size_t bytes) {
  if (bytes > budget_) return false;
  while (this->bytes() + bytes > budget_)
    if (!evict_one()) return false;
  return true;
}

bool store::reserve(std::size_t bytes) {
  if (!make_room(bytes)) return false;
  used_->bytes.fetch_add(bytes, std::memory_order_relaxed);
  return true;
}

void store::release(std::size_t bytes) { used_->bytes.fetch_sub(bytes, std::memory_order_relaxed); }

bool store::put(http::token_digest const& id, std::string_view key, http::token_digest const& which,
                answer_ptr answer) {
  auto const present = variants_.find(which);
  if (present != variants_.end() && present->second->answer->requested_ns > answer->requested_ns) return false;
  std::size_t const bytes = answer->footprint();
  std::size_t const counted = heap_bytes(sizeof(variant)) + slot_bytes<variant> + heap_bytes(sizeof(counting) + 24);
  if (!reserve(bytes + counted)) return false;
  stored_answer const* const what = answer.get();
  answer_ptr held(what, counting{std::move(answer), used_, bytes});
  auto& place = resources_[id];
  if (!place) {
    place = std::make_unique<resource>();
    place->key = key;
  }
  resource& r = *place;
  if (r.key != key) { // two URIs with one digest: will never happen, but must not be trusted
    release(counted);
    return false;
  }
  note_spec(r, held->vary);
  recount(r);
  auto& slot = variants_[which];
  if (!slot) {
    slot = std::make_unique<variant>();
    slot->id = which;
    slot->resource = id;
    by_use_.push_front(*slot);
    r.variants.push_front(*slot);
  } else {
    by_use_.splice(by_use_.begin(), by_use_, by_use_.iterator_to(*slot));
  }
  release(std::exchange(slot->counted, counted));
  slot->answer = std::move(held);
  make_room(0); // the resource's own record may have grown
  return true;
}

std::size_t store::erase(http::token_digest const& id) {
  auto const at = resources_.find(id);
  if (at == resources_.end()) return 0;
  std::size_t const count = at->second->variants.size();
  for (std::size_t left = count; left != 0; --left) erase(at->second->variants.front());
  return count;
}

void store::erase_variant(http::token_digest const& which) {
  auto const at = variants_.find(which);
  if (at != variants_.end()) erase(*at->second);
}

std::size_t store::erase_if(std::function<bool(std::string_view key)> const& matches) {
  std::vector<http::token_digest> doomed;
  for (auto const& [id, r] : resources_)
    if (matches(r->key)) doomed.push_back(id);
  std::size_t count = 0;
  for (http::token_digest const& id : doomed) count += erase(id);
  return count;
}

std::size_t store::footprint(resource const& r) {
  std::size_t bytes = heap_bytes(sizeof(resource)) + slot_bytes<resource> + heap_bytes(r.key.capacity() + 1) +
                      heap_bytes(r.specs.capacity() * sizeof(vary_spec));
  for (vary_spec const& spec : r.specs) {
    bytes += heap_bytes(spec.fields.capacity() * sizeof(std::string)) + heap_bytes(spec.facts.capacity());
    for (std::string const& name : spec.fields) bytes += heap_bytes_of(name);
  }
  return bytes;
}

void store::note_spec(resource& r, vary_spec const& spec) {
  auto const known = std::find(r.specs.begin(), r.specs.end(), spec);
  if (known != r.specs.end())
    std::rotate(r.specs.begin(), known, known + 1);
  else
    r.specs.insert(r.specs.begin(), spec);
  if (r.specs.size() > most_specs) r.specs.pop_back();
}

// Small changes of what is there are not refused, even beyond the budget; the next one makes room.
void store::recount(resource& r) {
  std::size_t const now = footprint(r);
  used_->bytes.fetch_add(now - std::exchange(r.counted, now), std::memory_order_relaxed);
}

void store::erase(variant& v) {
  auto const at = resources_.find(v.resource);
  resource& r = *at->second;
  r.variants.erase(r.variants.iterator_to(v));
  by_use_.erase(by_use_.iterator_to(v));
  release(v.counted);
  if (r.variants.empty()) {
    release(r.counted);
    resources_.erase(at);
  }
  variants_.erase(http::token_digest(v.id));
}

bool store::evict_one() {
  for (std::size_t looks = std::min(most_looks, by_use_.size()); looks != 0; --looks) {
    variant& last = by_use_.back();
    if (last.answer.use_count() == 1 && (!last.answer->body || last.answer->body.use_count() == 1)) {
      erase(last);
      ++evicted_;
      return true;
    }
    by_use_.splice(by_use_.begin(), by_use_, by_use_.iterator_to(last));
  }
  return false;
}

}
