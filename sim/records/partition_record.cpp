#include "sim/records/partition_record.hpp"

#include <cstdio>

namespace sim::records {

event_record partition_record(scenario::partition const& p, std::int64_t start_ns, std::int64_t began_ns) {
  std::int64_t const lasts_ns = (p.over - p.begin).count();
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.6g s", static_cast<double>(lasts_ns) / 1e9);
  event_record record;
  record.kind = event_kind::partition;
  record.node = p.from_name;
  record.peer = p.to_name;
  record.name = "partition " + p.from_name + " from " + p.to_name;
  record.planned_ns = start_ns + p.begin.count();
  record.began_ns = began_ns;
  record.done_ns = began_ns + lasts_ns;
  record.detail = "parted " + p.from_name + " from " + p.to_name + " for " + seconds +
                  (p.breaks ? ", connections broken" : ", connections kept");
  return record;
}

}
