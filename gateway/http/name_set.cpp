#include "gateway/http/name_set.hpp"

#include "gateway/http/characters.hpp"

#include <algorithm>

namespace gateway::http {
namespace {

/// By length first: it distinguishes most names.
bool is_before(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return lower_case(x) < lower_case(y); });
}

}

void name_set::seal() { std::sort(names_.begin(), names_.end(), is_before); }

bool name_set::find(std::string_view name) const {
  return std::binary_search(names_.begin(), names_.end(), name, is_before);
}

}
