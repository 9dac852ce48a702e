#pragma once

#include <string>
#include <vector>

namespace reports_test {

/// What in a junit.xml is not as Jenkins' junit-10 schema has it (names of elements, which of them may be where and in
/// which order, attributes), or does not add up: a line each. Throws for what is no XML at all.
std::vector<std::string> broken_junit_rules(std::string const& xml);

}
