#pragma once

#include "sim/records/result.hpp"

namespace reports_test {

/// What ran: a command with an override, on a machine of two cores.
sim::records::provenance provenance_of_samples();

/// A run that passed, as theory says.
sim::records::result passed_run();

/// A run in which everything that can be reported happened: failures, events, odd names, missing values.
sim::records::result eventful_run();

}
