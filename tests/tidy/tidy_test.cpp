// House rules that neither the compiler nor the link graph sees.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct source {
  std::string path; // relative to the project
  std::string text; // without comments and string literals
};

/// Comments and literals may speak of what code may not do.
std::string code_only(std::string const& text) {
  static std::regex const noise(R"(//[^\n]*|/\*[^]*?\*/|"(\\.|[^"\\\n])*")");
  return std::regex_replace(text, noise, "\"\"");
}

std::vector<source> sources_under(std::string const& folder, bool raw = false) {
  std::vector<source> out;
  fs::path const root(CREST_SOURCE_DIR);
  for (auto const& entry : fs::recursive_directory_iterator(root / folder)) {
    auto const extension = entry.path().extension();
    if (extension != ".hpp" && extension != ".cpp") continue;
    std::ifstream in(entry.path());
    std::ostringstream text;
    text << in.rdbuf();
    out.push_back({fs::relative(entry.path(), root).string(), raw ? text.str() : code_only(text.str())});
  }
  return out;
}

std::vector<std::string> includes_of(source const& s) {
  static std::regex const include(R"(#include\s+([<"])([^>"]+)[>"])");
  std::vector<std::string> out;
  for (std::sregex_iterator at(s.text.begin(), s.text.end(), include), end; at != end; ++at) out.push_back((*at)[2]);
  return out;
}

}

TEST_CASE("decision code has no clock, no randomness of its own, no thread and no socket") {
  std::regex const forbidden(R"(::now\s*\(|random_device|std::\w+_distribution|sleep_for|std::j?thread|std::mutex|)"
                             R"(boost/asio(?!/buffer\.hpp)|boost/beast/(core|websocket|ssl)/\w*stream|::socket\()");
  for (char const* folder :
       {"contract", "base/random", "gateway/routing", "gateway/http", "gateway/cache", "gateway/exchange",
        "fakeproxy/cluster", "fakeproxy/proxy", "sim/scenario/access_log", "sim/load", "sim/actors", "sim/theory", "sim/measure",
        "sim/resources", "sim/engines/virtual", "sim/studies/verify", "sim/studies/calibrate"})
    for (source const& s : sources_under(folder, true)) {
      std::string const code = code_only(s.text);
      std::smatch found;
      bool const breaks = std::regex_search(code, found, forbidden);
      INFO(s.path << " has " << (breaks ? found.str() : ""));
      CHECK_FALSE(breaks);
      for (std::string const& include : includes_of(s)) {
        INFO(s.path << " includes " << include);
        CHECK((!include.starts_with("boost/asio") || include == "boost/asio/buffer.hpp"));
        CHECK(include != "thread");
        CHECK(include != "random_device");
      }
    }
}

TEST_CASE("folders include only what the architecture lets them") {
  struct rule {
    std::string folder;
    std::vector<std::string> allowed; // prefixes of project includes
  };
  std::vector<rule> const rules{
      {"contract", {"contract/"}},
      {"config", {"config/"}},
      {"journal", {"journal/"}},
      {"limits", {"limits/"}},
      {"files", {"files/"}},
      {"memory", {"memory/"}},
      {"base/random", {"base/random/"}},
      {"gateway/routing", {"gateway/routing/", "base/random/", "memory/"}},
      {"gateway/http", {"gateway/http/"}},
      {"gateway/cache", {"gateway/cache/", "gateway/http/", "gateway/routing/token_map.hpp"}},
      {"gateway/exchange",
       {"gateway/exchange/", "gateway/cache/", "gateway/http/", "gateway/routing/", "base/journal/records.hpp"}},
      {"gateway/net", {"gateway/", "config/", "journal/"}},
      {"fakeproxy/cluster", {"fakeproxy/cluster/", "base/random/", "journal/", "memory/"}},
      {"fakeproxy/proxy", {"fakeproxy/proxy/", "fakeproxy/cluster/", "base/random/", "journal/"}},
      {"fakeproxy/net", {"fakeproxy/", "base/random/", "config/", "journal/", "files/"}},
      {"sim/scenario/access_log", {"sim/scenario/access_log/"}},
      {"sim/scenario",
       {"sim/scenario/", "sim/scenario/access_log/", "base/random/", "config/", "gateway/http/accel.hpp", "gateway/routing/"}},
      {"sim/load", {"sim/load/", "sim/scenario/access_log/", "sim/scenario/", "base/random/", "config/", "gateway/routing/"}},
      {"sim/actors",
       {"sim/actors/", "sim/load/", "sim/measure/", "sim/scenario/", "fakeproxy/cluster/", "gateway/routing/",
        "gateway/cache/", "gateway/http/fields.hpp"}},
      {"sim/theory", {"sim/theory/", "sim/scenario/", "gateway/routing/", "gateway/http/digest.hpp"}},
      {"sim/measure", {"sim/measure/", "sim/theory/", "sim/scenario/", "fakeproxy/cluster/", "journal/"}},
      {"sim/resources",
       {"sim/resources/", "sim/measure/", "sim/scenario/", "fakeproxy/cluster/", "gateway/cache/directives.hpp",
        "config/"}},
      {"sim/engines/live",
       {"sim/engines/live/", "sim/actors/", "sim/load/", "sim/measure/", "sim/resources/", "sim/theory/", "sim/scenario/",
        "gateway/http/", "fakeproxy/cluster/", "journal/", "config/", "files/", "limits/"}},
      {"sim/engines/virtual",
       {"sim/engines/virtual/", "sim/actors/", "sim/load/", "sim/measure/", "sim/resources/", "sim/theory/", "sim/scenario/",
        "gateway/routing/", "gateway/http/", "gateway/cache/", "gateway/exchange/", "fakeproxy/cluster/",
        "fakeproxy/proxy/", "base/random/", "journal/", "config/"}},
      {"sim/studies/verify", {"sim/studies/verify/", "sim/theory/", "sim/measure/", "sim/scenario/"}},
      {"sim/studies/calibrate", {"sim/studies/calibrate/", "sim/measure/", "sim/scenario/", "journal/"}},
      {"sim/studies/sweep", {"sim/studies/sweep/", "base/random/", "sim/load/", "sim/measure/", "sim/scenario/", "config/", "files/"}},
      {"sim/studies/plan", {"sim/studies/plan/", "sim/studies/sweep/", "sim/measure/", "sim/scenario/", "config/"}},
      {"sim/cli", {"sim/", "reports/", "config/", "files/"}},
      {"reports",
       {"reports/", "sim/measure/", "sim/scenario/metrics.hpp", "sim/theory/prediction.hpp", "sim/studies/verify/agreement.hpp",
        "config/", "files/"}},
      {"reports/plots",
       {"reports/plots/", "reports/csv.hpp", "reports/figure.hpp", "reports/plot.hpp", "reports/read_summary.hpp",
        "reports/wording.hpp", "sim/records/result.hpp", "sim/scenario/metrics.hpp", "config/", "files/"}},
      {"reports/compare",
       {"reports/compare/", "reports/csv.hpp", "reports/wording.hpp", "sim/records/result.hpp",
        "sim/scenario/metrics.hpp", "config/"}},
  };
  for (rule const& r : rules)
    for (source const& s : sources_under(r.folder, true))
      for (std::string const& include : includes_of(s)) {
        bool const ours = std::any_of(rules.begin(), rules.end(),
                                      [&](rule const& other) { return include.starts_with(other.folder + "/"); });
        if (!ours) continue;
        INFO(s.path << " includes " << include);
        bool const for_all = include.starts_with("contract/");
        CHECK((for_all || std::any_of(r.allowed.begin(), r.allowed.end(),
                                      [&](std::string const& prefix) { return include.starts_with(prefix); })));
      }
}

TEST_CASE("fakeproxy reads HTTP with stock Beast, not with the parser that it is there to test") {
  for (source const& s : sources_under("fakeproxy", true))
    for (std::string const& include : includes_of(s)) {
      INFO(s.path << " includes " << include);
      CHECK_FALSE(include.starts_with("gateway/http/"));
    }
}

TEST_CASE("no names that say nothing, no unfinished business") {
  std::regex const vague(R"((^|/)(utils?|common|helpers?|misc|manager)\.(hpp|cpp)$)");
  std::regex const unfinished(R"(\b(TODO|FIXME|XXX)\b)");
  for (char const* folder :
       {"contract", "base", "config", "journal", "limits", "files", "memory", "gateway", "fakeproxy", "sim", "reports"})
    for (source const& s : sources_under(folder, true)) {
      INFO(s.path);
      CHECK_FALSE(std::regex_search(s.path, vague));
      CHECK_FALSE(std::regex_search(s.text, unfinished));
    }
}

TEST_CASE("files longer than 500 lines say why in their first lines") {
  for (char const* folder :
       {"contract", "base", "config", "journal", "limits", "files", "memory", "gateway", "fakeproxy", "sim", "reports"})
    for (source const& s : sources_under(folder, true)) {
      auto const lines = std::count(s.text.begin(), s.text.end(), '\n');
      INFO(s.path << " has " << lines << " lines");
      CHECK((lines <= 500 || s.text.find("Long because") < 400));
    }
}

TEST_CASE("every planted bug still has its place in the code, and says who sees it") {
  fs::path const root(CREST_SOURCE_DIR);
  std::size_t bugs = 0;
  for (auto const& entry : fs::directory_iterator(root / "tests/planted")) {
    if (entry.path().extension() != ".patch") continue;
    ++bugs;
    INFO(entry.path().filename().string());
    std::ifstream in(entry.path());
    std::ostringstream text;
    text << in.rdbuf();
    CHECK(std::regex_search(text.str(), std::regex("\nSeen by: (test|run) ")));
    std::string const check = "cd '" + root.string() + "' && git apply --check '" + entry.path().string() + "'";
    CHECK(std::system(check.c_str()) == 0);
  }
  CHECK(bugs >= 8);
}
