#include "sim/engines/live/single_url_load.hpp"

#include "base/config/document.hpp"
#include "base/os/machine.hpp"
#include "sim/engines/live/client.hpp"
#include "sim/engines/live/clock.hpp"
#include "sim/engines/live/reach.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>

namespace sim::live {
namespace {

namespace asio = boost::asio;

constexpr auto patience_to_reach = std::chrono::seconds(5);

struct url_parts {
  bool tls = false;
  asio::ip::tcp::endpoint where;
  std::string target;
};

url_parts parse_url(std::string const& url) {
  auto const bad = [&] {
    return config::bad_input("load: found URL '" + url + "'; allowed: http://IPV4[:PORT][/target], or https://");
  };
  bool const tls = url.starts_with("https://");
  std::string_view const scheme = tls ? "https://" : "http://";
  std::string_view rest = url;
  if (!rest.starts_with(scheme)) throw bad();
  rest.remove_prefix(scheme.size());
  std::size_t const slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  std::uint16_t port = tls ? 443 : 80;
  if (std::size_t const colon = authority.rfind(':'); colon != std::string_view::npos) {
    std::string_view const digits = authority.substr(colon + 1);
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0) throw bad();
    authority = authority.substr(0, colon);
  }
  if (authority == "localhost") authority = "127.0.0.1";
  boost::system::error_code error;
  auto const address = asio::ip::make_address_v4(std::string(authority), error);
  if (error) throw bad();
  return {tls, {address, port}, slash == std::string_view::npos ? "/" : std::string(rest.substr(slash))};
}

/// Sends the next request at every completion, until told to stop.
class resend : public order_source {
public:
  explicit resend(client& to)
    : to_(to) {}
  void stop() { stopped_ = true; }
  void done(request_spec const& what, records::client_record const& record) override {
    if (stopped_) return;
    request_spec next = what;
    next.intended_ns = record.done_ns;
    to_.send(next, record.done_ns);
  }

private:
  client& to_;
  bool stopped_ = false;
};

}

single_url_result load_single_url(single_url_settings const& settings) {
  std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes without MSG_NOSIGNAL
  url_parts const url = parse_url(settings.url);
  request_templates words;
  words.laboratory = false;
  words.methods.push_back({"GET"});
  words.targets.push_back(url.target);

  asio::io_context context(1);
  std::string const address = url.where.address().to_string() + ":" + std::to_string(url.where.port());
  asio::co_spawn(context, reach({{"URL " + settings.url, address, url.where, url.tls}}, patience_to_reach),
                 [](std::exception_ptr why) {
                   if (why) std::rethrow_exception(why);
                 });
  context.run();
  context.restart();

  std::atomic<journal::request_id> ids{1};
  client_settings limits;
  limits.pool.connections_per_balancer = settings.connections;
  limits.pool.timeout_ns = std::chrono::nanoseconds(settings.timeout).count();
  limits.keep_records = false;
  limits.sends_on_time = false;
  limits.tls = url.tls;
  limits.tls_resume = settings.resume;
  limits.pool.requests_per_connection = settings.requests_per_connection;
  client load(context, words, limits, ids);
  resend source(load);
  load.set_source(source);
  load.add_balancer(url.where, "");

  std::int64_t const start = now_ns();
  double const cpu_start = os::thread_cpu_seconds();
  for (std::uint32_t i = 0; i < settings.connections; ++i) {
    request_spec first;
    first.intended_ns = start;
    load.send(first, start);
  }
  asio::steady_timer end(context, time_at(start + settings.duration.count()));
  end.async_wait([&](boost::system::error_code) {
    source.stop();
    load.abandon();
  });
  context.run();

  single_url_result result;
  result.seconds = static_cast<double>(now_ns() - start) * 1e-9;
  result.cpu_seconds = os::thread_cpu_seconds() - cpu_start;
  result.requests = load.counts().done.load();
  result.failed = load.counts().failed.load();
  result.handshakes = load.counts().handshakes.load();
  result.resumed = load.counts().resumed.load();
  result.latency = load.latencies();
  return result;
}

std::string describe(single_url_result const& result) {
  auto const quantile_ms = [&](double q) { return static_cast<double>(result.latency.quantile_ns(q)) * 1e-6; };
  double const requests = static_cast<double>(result.requests);
  char text[400];
  std::snprintf(text, sizeof text,
                "requests    %llu in %.2f s, %llu failed\n"
                "rate_rps    %.0f\n"
                "latency_ms  p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f\n"
                "cpu         %.2f us a request, %.0f requests per CPU second\n",
                static_cast<unsigned long long>(result.requests), result.seconds,
                static_cast<unsigned long long>(result.failed), requests / result.seconds, quantile_ms(0.5),
                quantile_ms(0.9), quantile_ms(0.99), quantile_ms(0.999), quantile_ms(1),
                result.requests ? result.cpu_seconds * 1e6 / requests : 0,
                result.cpu_seconds > 0 ? requests / result.cpu_seconds : 0);
  std::string lines = text;
  if (result.handshakes == 0) return lines;
  std::snprintf(text, sizeof text, "handshakes  %llu, %llu resumed, %.0f a second\n",
                static_cast<unsigned long long>(result.handshakes), static_cast<unsigned long long>(result.resumed),
                static_cast<double>(result.handshakes) / result.seconds);
  return lines + text;
}

}
