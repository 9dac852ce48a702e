#pragma once

#include "sim/records/records.hpp"

#include <vector>

/// Where the time of a request goes, from the records of a live run under light load.
namespace sim::calibrate {

/// Times of single requests or hops, nanoseconds.
struct segments {
  std::vector<double> client; // client → balancer: from the first byte sent to the head accepted
  std::vector<double> proxy;  // balancer → proxy: from the hop sent to its arrival; with half of the proxy's own time
  std::vector<double> rpc;    // proxy → sol, one way: half of the extra time of a hop that needs the sol
  std::vector<double> balancer;   // from the head accepted to the hop sent
  std::vector<double> direct;     // whole requests of one hop that needed no sol, as clients saw them
  std::vector<double> redirected; // whole requests of two hops

  void add(segments const& other);
};

/// On the way out, each link's time lies between two records: first byte sent, head accepted, hop sent, hop arrived. On
/// the way back only the ends are known: the proxy's answer and the client's last byte. That time, the balancer's work
/// included, is divided between the two links as on the way out. So a request's times add up to what its client saw.
/// Needs records of a run with one request at a time, gateways with journals, no service time, and requests that change
/// no game state; requests that do not fit are left out.
segments segments_of(records::run_records const& records);

}
