#pragma once

#include <string>

namespace sim::cli {

/// What the program prints last, on stdout, after any errors: where the report is. Empty: nothing.
std::string& closing_line();

}
