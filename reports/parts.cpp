#include "reports/parts.hpp"

namespace reports {
namespace {

using namespace sim::records;

/// The name, with the kind behind it unless it says so itself.
std::string name_with_kind(named_metrics const& m) {
  return m.name + (m.kind.empty() || m.name.starts_with(m.kind) ? "" : " (" + m.kind + ")");
}

}

std::vector<part> parts_of(result const& r) {
  std::vector<part> all;
  for (named_metrics const& g : r.groups) all.push_back({"group " + name_with_kind(g), &g.metrics});
  for (named_metrics const& k : r.kinds) all.push_back({"kind " + k.name, &k.metrics});
  for (named_metrics const& b : r.balancers) all.push_back({name_with_kind(b), &b.metrics});
  if (r.phases.size() > 1)
    for (named_metrics const& p : r.phases) all.push_back({"phase " + p.name, &p.metrics});
  return all;
}

}
