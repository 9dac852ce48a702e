#include "sim/judge/next_steps.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <vector>

namespace sim::judge {

using records::counter_metric;
using records::result;

namespace {

/// An nginx whose upstream failed, and that has no directive for it.
result without_retries() {
  result r;
  r.metrics["requests"] = counter_metric{1000};
  records::named_metrics nginx{"nginx[0]", "nginx", {}, {}};
  nginx.metrics["failed_requests"] = counter_metric{800};
  nginx.metrics["failed_requests{status:502}"] = counter_metric{800};
  nginx.retries_on = std::vector<std::string>{};
  r.balancers = {nginx};
  return r;
}

/// Open load that lagged, because all connections were busy.
result out_of_connections() {
  result r;
  r.verdict = records::verdict::invalid;
  r.metrics["requests"] = counter_metric{1000};
  r.load = {.lagged = true, .connections_per_balancer = 64, .waited_for_connection = 300, .cpu_busy = 0.5};
  return r;
}

result busy() {
  result r = out_of_connections();
  r.load.waited_for_connection = 0;
  r.load.cpu_busy = 0.97;
  return r;
}

struct row {
  char const* name;
  result of;
  std::function<void(result&)> change;
  char const* says; // empty: nothing
};

}

TEST_CASE("what to do next is said where a rule applies, and nowhere else") {
  auto const retries = [](std::vector<std::string> words) {
    return [words](result& r) { r.balancers[0].retries_on = words; };
  };
  for (row const& x : std::vector<row>{
           {"an nginx that retries nothing",
            without_retries(),
            {},
            "nginx[0] answered 800 requests with 502, and its configuration says of no other proxy to ask then: give "
            "it proxy_next_upstream with error"},
           {"one that retries something else", without_retries(), retries({"http_404", "timeout"}), "with 502"},
           {"one that retries them", without_retries(), retries({"error"}), ""},
           {"one that has a page for them", without_retries(), retries({"http_502"}), ""},
           {"one that timed out", without_retries(),
            [](result& r) {
              r.balancers[0].metrics["failed_requests{status:504}"] = counter_metric{2},
              r.balancers[0].metrics.erase("failed_requests{status:502}");
            },
            "nginx[0] answered 2 requests with 504"},
           {"one without failures", without_retries(),
            [](result& r) { r.balancers[0].metrics.erase("failed_requests{status:502}"); }, ""},
           {"one whose clients were reset", without_retries(),
            [](result& r) {
              r.balancers[0].metrics.erase("failed_requests{status:502}");
              r.balancers[0].metrics["failed_requests{cause:reset}"] = counter_metric{3};
            },
            ""},
           {"a balancer whose configuration is not known", without_retries(),
            [](result& r) { r.balancers[0].retries_on.reset(); }, ""},
           {"connections that ran out",
            out_of_connections(),
            {},
            "300 of 1000 requests were due while all 64 connections to their balancer were busy"},
           {"the same, where it is not known how busy the machine was", out_of_connections(),
            [](result& r) { r.load.cpu_busy.reset(); }, "all 64 connections"},
           {"connections that ran out, in a load that kept its rate", out_of_connections(),
            [](result& r) { r.load.lagged = false; }, ""},
           {"fewer than one in a hundred waited", out_of_connections(),
            [](result& r) { r.load.waited_for_connection = 9; }, ""},
           {"a busy machine", busy(), {}, "the machine was busy (97 % of its CPU time)"},
           {"a busy machine, in a load that kept its rate", busy(), [](result& r) { r.load.lagged = false; }, ""},
           {"a lag that nobody explains", busy(), [](result& r) { r.load.cpu_busy = 0.6; }, ""},
           {"an nginx that failed by itself", without_retries(),
            [](result& r) {
              r.balancers[0].metrics.erase("failed_requests{status:502}");
              r.balancers[0].metrics["failed_requests{status:500}"] = counter_metric{5};
            },
            "nginx[0] answered 5 requests with 500, which no proxy did"},
           {"answers of somebody else", result{},
            [](result& r) { r.metrics["requests"] = r.metrics["balancer_answers"] = counter_metric{9}; },
            "no request reached a proxy of the lab"},
           {"answers of a balancer whose proxies are gone", result{},
            [](result& r) {
              r.metrics["requests"] = r.metrics["balancer_answers"] = counter_metric{9};
              r.metrics["failed_requests"] = counter_metric{9};
            },
            ""},
           {"events that the load left", result{},
            [](result& r) {
              r.events.resize(3);
              r.events[1].left = true;
            },
            "1 of 3 events were not carried out to the end"},
           {"events that a signal left", result{},
            [](result& r) {
              r.verdict = records::verdict::interrupted;
              r.events.resize(1);
              r.events[0].left = true;
            },
            ""},
           {"nothing at all", result{}, {}, ""}}) {
    INFO(x.name);
    result r = x.of;
    if (x.change) x.change(r);
    auto const lines = next_steps(r);
    CHECK(lines.size() == (*x.says ? 1 : 0));
    if (*x.says && !lines.empty()) CHECK_THAT(lines[0], Catch::Contains(x.says) && !Catch::Contains("\n"));
  }
}

TEST_CASE("connections that run out on a busy machine may be its fault, and the report says so") {
  result r = out_of_connections();
  r.load.cpu_busy = 0.95;
  auto const lines = next_steps(r);
  REQUIRE(lines.size() == 2);
  CHECK_THAT(lines[0], Catch::Contains("the machine was busy (95 % of its CPU time)"));
  CHECK_THAT(lines[1], Catch::Contains("were busy; if that stays so on an idle machine"));
}

TEST_CASE("a run's result has what to do next, from its records") {
  world w(2, 4);
  w.s.load.kind = scenario::load_kind::poisson;
  w.s.load.max_schedule_lag = std::chrono::milliseconds(100);
  w.s.load.connections_per_balancer = 7;
  for (std::uint32_t i = 0; i != 200; ++i) w.request(i % 20, static_cast<std::uint16_t>(i % 2));
  w.r.waited_for_connection = 150;
  w.r.cpu_busy = 0.3;
  CHECK(w.analyse().next_steps.empty());
  for (records::client_record& c : w.r.clients) c.intended_ns -= 2'000'000'000;
  result const r = w.analyse();
  REQUIRE(r.next_steps.size() == 1);
  CHECK_THAT(r.next_steps[0], Catch::Contains("150 of 200 requests") && Catch::Contains("all 7 connections"));
  CHECK(r.load.lagged);
  w.s.load.kind = scenario::load_kind::closed;
  CHECK_FALSE(w.analyse().load.lagged);
}

}
