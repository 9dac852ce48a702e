#pragma once

#include "base/memory/prefetch.hpp"
#include "fakeproxy/cluster/types.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace fakeproxy::cluster {

/// Values by incarnation, in the order of incarnations. The newest incarnation of each proxy has its value in an array
/// by proxy index, where it is found at once: there may be a thousand of these tables of a thousand proxies. Those of
/// earlier lives, which are rarely asked for, are in a map. Pointers into it are valid until something is added or
/// erased. Not thread-safe.
template<class Value>
class incarnation_table {
public:
  Value* find(incarnation who) { return const_cast<Value*>(std::as_const(*this).find(who)); }
  Value const* find(incarnation who) const {
    std::size_t const proxy = proxy_index_of(who);
    if (proxy >= newest_.size()) return nullptr;
    if (newest_[proxy].who == who) return &newest_[proxy].value;
    return older_.empty() ? nullptr : find_older(who);
  }

  /// Brings its value into the processor's caches, for a call that comes soon.
  void prefetch(incarnation who) const { memory::prefetch(newest_.data() + proxy_index_of(who)); }

  struct placed {
    Value& value;
    bool fresh;
  };
  /// Its value; if there was none: a copy of `initial`.
  placed try_emplace(incarnation who, Value const& initial = {}) {
    if (Value* const known = find(who)) return {*known, false};
    std::size_t const proxy = proxy_index_of(who);
    while (newest_.size() <= proxy) newest_.push_back({vacant(newest_.size()), {}});
    entry& newest = newest_[proxy];
    bool const occupied = newest.who != vacant(proxy);
    if (occupied && who < newest.who) return {older_.emplace(who, initial).first->second, true};
    if (occupied) older_.emplace(newest.who, newest.value);
    newest = {who, initial};
    return {newest.value, true};
  }
  Value& operator[](incarnation who) { return try_emplace(who).value; }

  bool erase(incarnation who) {
    std::size_t const proxy = proxy_index_of(who);
    if (proxy >= newest_.size() || newest_[proxy].who != who) return older_.erase(who) != 0;
    auto next = older_.upper_bound(who);
    if (next != older_.begin() && proxy_index_of((--next)->first) == proxy) {
      newest_[proxy] = {next->first, next->second};
      older_.erase(next);
    } else {
      newest_[proxy].who = vacant(proxy);
    }
    return true;
  }

  /// Calls `f(incarnation, value)` for each of that proxy, the oldest first.
  template<class F>
  void for_each_of(std::uint16_t proxy, F f) const {
    auto older = older_.lower_bound(make_incarnation(proxy, 0));
    for (; older != older_.end() && proxy_index_of(older->first) == proxy; ++older) f(older->first, older->second);
    if (proxy < newest_.size() && newest_[proxy].who != vacant(proxy)) f(newest_[proxy].who, newest_[proxy].value);
  }
  /// Calls `f(incarnation, value)` for each, in order.
  template<class F>
  void for_each(F f) const {
    auto older = older_.begin();
    for (std::size_t proxy = 0; proxy < newest_.size(); ++proxy) {
      for (; older != older_.end() && proxy_index_of(older->first) == proxy; ++older) f(older->first, older->second);
      if (newest_[proxy].who != vacant(proxy)) f(newest_[proxy].who, newest_[proxy].value);
    }
  }

private:
  struct entry {
    incarnation who;
    Value value;
  };

  /// What stands at a proxy's place while there is no incarnation of it: one of another proxy.
  static constexpr incarnation vacant(std::size_t proxy) {
    return proxy == 0 ? make_incarnation(1, 0) : incarnation::none;
  }
  Value const* find_older(incarnation who) const {
    auto const at = older_.find(who);
    return at == older_.end() ? nullptr : &at->second;
  }

  std::vector<entry> newest_;          // by proxy index
  std::map<incarnation, Value> older_; // only of proxies that have a newest one
};

}
