#pragma once

#include "reports/reports.hpp"

#include <string>
#include <utility>
#include <vector>

/// junit.xml: what Jenkins' junit-10 schema allows and GitHub's and GitLab's readers understand.
namespace reports::junit {

/// A <testsuite>.
struct suite {
  std::string name;
  std::string timestamp, host, file;                           // empty: not known. timestamp: RFC 3339
  std::vector<std::pair<std::string, std::string>> properties; // name and value
  double duration_s = 0;
  std::vector<std::string> remarks = {}; // for people; they decide nothing
  std::vector<test_case> cases = {};
};

/// A run's validity, each of its invariants and thresholds, and `more`.
suite suite_of(sim::records::result const& result, std::string const& name, std::vector<test_case> const& more = {});

/// The whole file.
std::string xml(std::vector<suite> const& suites);

}
