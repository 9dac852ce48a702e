#pragma once

#include "sim/records/result.hpp"

namespace reports_test {

/// A run that passed, as theory says.
sim::records::result passed_run();

/// A run in which everything that can be reported happened: failures, events, odd names, missing values.
sim::records::result eventful_run();

}
