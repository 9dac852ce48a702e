#include "base/metrics/exposition.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <thread>
#include <vector>

using Catch::Contains;
using namespace std::chrono_literals;
using metrics::exposition;
using metrics::format;
using metrics::labels;
using metrics::latency_histogram;

namespace {

latency_histogram::clock::time_point at(std::chrono::nanoseconds since) {
  return latency_histogram::clock::time_point(since);
}

labels which(std::string const& id) { return {{"request_id", id}}; }

std::string shown(latency_histogram const& h, format f) {
  exposition out(f, "p_");
  out.histogram("took_seconds", "How long.");
  out.sample(h.read(), {{"node", "a"}});
  return out.text();
}

}

TEST_CASE("families are described once, and values of labels are escaped") {
  for (format const f : {format::prometheus, format::openmetrics}) {
    exposition out(f, "p_");
    out.counter("asked", "Said \"so\" \\ and\nso.");
    out.sample(std::uint64_t{3}, {{"to", "a\"b\\c\nd"}, {"by", "x"}});
    out.sample(std::uint64_t{4});
    out.gauge("held", "Now.");
    out.sample(1.5);
    std::string const text = out.text();
    CHECK_THAT(text, Contains("p_asked_total{to=\"a\\\"b\\\\c\\nd\",by=\"x\"} 3\np_asked_total 4\n"));
    CHECK_THAT(text, Contains("# TYPE p_held gauge\np_held 1.5\n"));
    bool const open = f == format::openmetrics;
    CHECK_THAT(text, Contains(open ? "# TYPE p_asked counter\n" : "# TYPE p_asked_total counter\n"));
    CHECK_THAT(text, Contains(open ? "# HELP p_asked Said \\\"so\\\" \\\\ and\\nso.\n"
                                   : "# HELP p_asked_total Said \"so\" \\\\ and\\nso.\n"));
    CHECK(text.ends_with("# EOF\n") == open);
  }
}

TEST_CASE("buckets are cumulative; exemplars are in OpenMetrics only, and lie in their bucket") {
  latency_histogram h;
  h.record(400us, at(1s), [] { return which("fast"); });
  h.record(700ms, at(1s), [] { return which("slow"); });
  h.record(20s, at(1s), [] { return which("slowest"); });
  std::string const plain = shown(h, format::prometheus), open = shown(h, format::openmetrics);
  CHECK_THAT(plain, !Contains("fast"));
  CHECK_THAT(plain, Contains("p_took_seconds_bucket{node=\"a\",le=\"0.0005\"} 1\n"));
  CHECK_THAT(plain, Contains("p_took_seconds_bucket{node=\"a\",le=\"1\"} 2\n"));
  CHECK_THAT(plain, Contains("p_took_seconds_bucket{node=\"a\",le=\"+Inf\"} 3\n"));
  CHECK_THAT(plain, Contains("p_took_seconds_sum{node=\"a\"} 20.700400\np_took_seconds_count{node=\"a\"} 3\n"));
  CHECK_THAT(open, Contains("le=\"0.0005\"} 1 # {request_id=\"fast\"} 0.0004 "));
  CHECK_THAT(open, Contains("le=\"1.0\"} 2 # {request_id=\"slow\"} 0.7 "));
  CHECK_THAT(open, Contains("le=\"+Inf\"} 3 # {request_id=\"slowest\"} 20 "));
  CHECK_THAT(open, Contains("le=\"0.5\"} 1\n")); // empty: no exemplar
}

TEST_CASE("an exemplar is replaced once a second, and asked for only then; too long an id is left out") {
  latency_histogram h;
  int asked = 0;
  auto const record = [&](std::chrono::nanoseconds now, std::string const& id) {
    h.record(3ms, at(now), [&] {
      ++asked;
      return which(id);
    });
  };
  for (int i = 0; i != 100; ++i) record(5s + std::chrono::milliseconds(i), "first");
  CHECK(asked == 1);
  record(6s, "second");
  CHECK(asked == 2);
  CHECK_THAT(shown(h, format::openmetrics), Contains("\"second\"") && !Contains("\"first\""));
  std::string const longest(metrics::most_exemplar_characters - std::string("request_id").size(), 'x');
  record(7s, longest + "x");
  CHECK_THAT(shown(h, format::openmetrics), Contains("\"second\""));
  record(8s, longest);
  CHECK_THAT(shown(h, format::openmetrics), Contains(longest));
  record(9s, "");
  CHECK(h.read().buckets[3].count == 104);
}

TEST_CASE("counts of several threads are all there") {
  latency_histogram h;
  std::vector<std::thread> threads;
  for (int t = 0; t != 4; ++t)
    threads.emplace_back([&h, t] {
      for (int i = 0; i != 10'000; ++i)
        h.record(std::chrono::milliseconds(i % 20), at(std::chrono::milliseconds(i)),
                 [t] { return which(std::to_string(t)); });
    });
  for (std::thread& t : threads) t.join();
  std::uint64_t sum = 0;
  for (auto const& bucket : h.read().buckets) sum += bucket.count;
  CHECK(sum == 40'000);
  CHECK(h.read().sum_s == Approx(4 * 10'000 * 0.0095));
}

TEST_CASE("who prefers OpenMetrics gets it; nobody else does") {
  struct row {
    char const* accept;
    format expected;
  };
  row const table[] = {
      {"", format::prometheus},
      {"*/*", format::prometheus},
      {"text/html,application/xhtml+xml,*/*;q=0.8", format::prometheus},
      {"text/plain; version=0.0.4", format::prometheus},
      {"application/openmetrics-text", format::openmetrics},
      {"Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8", format::openmetrics},
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       format::openmetrics}, // Prometheus 2.42
      {"application/openmetrics-text;q=0.2, text/plain;q=0.5", format::prometheus},
      {"application/openmetrics-text;q=0", format::prometheus},
      {"application/openmetrics-text;version=2.0.0", format::prometheus},
      {"application/openmetrics-text;;;q=,,;", format::openmetrics},
  };
  for (row const& r : table) {
    INFO(r.accept);
    CHECK(metrics::format_for(r.accept) == r.expected);
  }
  CHECK(metrics::content_type(format::prometheus) == "text/plain; version=0.0.4; charset=utf-8");
}
