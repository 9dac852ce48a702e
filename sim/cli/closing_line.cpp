#include "sim/cli/closing_line.hpp"

namespace sim::cli {

std::string& closing_line() {
  static std::string line;
  return line;
}

}
