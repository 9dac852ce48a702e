#include "base/config/document.hpp"
#include "reports/html/page.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using Catch::Contains;
using reports::html::page;
using reports::html::subject;

namespace {

/// What the page's script will read.
nlohmann::json data_in(std::string const& text) {
  std::string const begin = "<script type=\"application/json\" id=\"data\">", end = "</script>";
  std::size_t const at = text.find(begin);
  REQUIRE(at != std::string::npos);
  std::size_t const from = at + begin.size();
  return nlohmann::json::parse(text.substr(from, text.find(end, from) - from));
}

std::size_t times(std::string const& text, std::string const& what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++n;
  return n;
}

}

TEST_CASE("a page holds the result's files as they are") {
  std::string const summary = R"({"scenario": "x", "numbers": [1, 2.5, null]})", series = "from_s,to_s\n0,1\n";
  auto const data = data_in(page(subject::run, {{"summary.json", summary}, {"timeseries.csv", series}}));
  CHECK(data["of"] == "run");
  CHECK(data["files"]["summary.json"] == nlohmann::json::parse(summary));
  CHECK(data["files"]["timeseries.csv"] == series);
}

TEST_CASE("a page of a file may ask nobody, a live one the server that it came from") {
  CHECK_THAT(page(subject::run, {}), Contains("connect-src 'none'"));
  std::string const live = reports::html::live_page(R"({"scenario": "</script>{{data}}"})");
  CHECK_THAT(live, Contains("connect-src 'self'") && Contains("function watchRun("));
  CHECK(times(live, "{{live_script}}") == 0);
  auto const data = data_in(live);
  CHECK(data["of"] == "run");
  CHECK(data["files"].empty());
  CHECK(data["live"]["scenario"] == "</script>{{data}}");
  auto const sent = nlohmann::json::parse(reports::html::data(subject::run, {{"summary.json", R"({"a": 1})"}}));
  CHECK(sent == nlohmann::json{{"of", "run"}, {"files", {{"summary.json", {{"a", 1}}}}}});
}

TEST_CASE("equal parts give equal pages, and each subject its own") {
  CHECK(page(subject::sweep, {{"sweep.csv", "a\n"}}) == page(subject::sweep, {{"sweep.csv", "a\n"}}));
  std::vector<std::string> all;
  for (subject const of : {subject::run, subject::sweep, subject::plan, subject::comparison})
    all.push_back(data_in(page(of, {}))["of"].get<std::string>());
  CHECK(all == std::vector<std::string>{"run", "sweep", "plan", "comparison"});
}

TEST_CASE("no text in the data ends its script or begins another") {
  std::string const empty = page(subject::run, {});
  for (std::string const& hostile :
       {std::string("</script><script>alert(1)</script>"), std::string("<!--<script>"), std::string("</SCRIPT\t>"),
        std::string("{{data}}"), std::string("{{page.css}}"), std::string("]]>"), std::string("\\u003c")}) {
    INFO(hostile);
    nlohmann::json const summary = {{"scenario", hostile}, {hostile, 1}};
    std::string const text = page(subject::run, {{"summary.json", summary.dump()}, {"timeseries.csv", hostile}});
    CHECK(data_in(text)["files"]["summary.json"] == summary);
    CHECK(data_in(text)["files"]["timeseries.csv"] == hostile);
    for (char const* tag : {"<script", "</script", "<!--", "</SCRIPT"}) CHECK(times(text, tag) == times(empty, tag));
  }
}

TEST_CASE("bytes that are no UTF-8 are replaced in tables") {
  CHECK(data_in(page(subject::sweep, {{"sweep.csv", "a\xff\xfe"}}))["files"]["sweep.csv"] ==
        "a\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("a JSON file that is not JSON is refused") {
  for (char const* text : {"", "{", "{\"a\": 1} x", "{\"a\": \"\xff\"}"})
    CHECK_THROWS_WITH(page(subject::run, {{"summary.json", text}}),
                      Contains("summary.json: found text that is not JSON"));
}

TEST_CASE("a page is whole by itself: a head, a licence, every script, and no address that a browser would fetch") {
  std::string const text = page(subject::run, {});
  CHECK(text.starts_with("<!DOCTYPE html>"));
  CHECK(text.ends_with("</html>\n"));
  CHECK_THAT(text, Contains("default-src 'none'") && Contains("The MIT License") && Contains("uPlot") &&
                       Contains("function showRun("));
  CHECK(times(text, "{{") == 0);
  for (char const* outside : {"src=", "href=\"http", "@import", "url(", "fetch(", "XMLHttpRequest"})
    CHECK(times(text, outside) == 0);
  CHECK(times(text, "<script") == times(text, "</script"));
  CHECK(text.size() < 400'000);
}
