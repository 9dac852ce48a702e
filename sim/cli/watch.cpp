#include "sim/cli/watch.hpp"

#include "base/config/document.hpp"
#include "base/os/machine.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"
#include "sim/judge/analyse.hpp"
#include "sim/scenario/load.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/core/string.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace sim::cli {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using live::http_server;
using nlohmann::json;

namespace {

constexpr std::size_t most_readers = 16;
constexpr auto between_looks = std::chrono::seconds(1); // at all records, at least
constexpr int rest_for_work = 9;                        // times the processor time of a look, likewise
constexpr auto farewell = std::chrono::seconds(2);      // for readers at the end

std::string text_of(json const& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

json about(scenario::scenario const& s) {
  json nodes = json::array();
  for (scenario::event_target const& target : scenario::event_targets(s))
    nodes.push_back({{"name", target.node}, {"reload", target.can_reload}});
  json all{{"scenario", s.name},
           {"description", s.description},
           {"nodes", std::move(nodes)},
           {"proxies", s.topology.proxies.count},
           {"duration_s", nullptr}};
  if (s.load.duration.count() > 0) all["duration_s"] = static_cast<double>(s.load.duration.count()) / 1e9;
  return all;
}

std::string_view name_of(live::run_stage stage) {
  switch (stage) {
  case live::run_stage::starting:
    return "starting";
  case live::run_stage::under_load:
    return "under load";
  case live::run_stage::ending:
    return "ending";
  }
  return {};
}

json state_of(scenario::scenario const& s, live::run_glance const& now) {
  json running = json::array(), events = json::array();
  for (std::string const& node : now.running) running.push_back(node);
  for (records::event_record const& e : now.events)
    events.push_back({{"name", e.name},
                      {"detail", e.detail},
                      {"at_s", static_cast<double>(e.began_ns - now.start_ns) / 1e9},
                      {"by_hand", e.by_hand}});
  json state{{"stage", name_of(now.stage)},   {"since_s", static_cast<double>(now.since_start_ns) / 1e9},
             {"sent", now.load.sent},         {"done", now.load.done},
             {"failed", now.load.failed},     {"redirects", now.redirects},
             {"running", std::move(running)}, {"events", std::move(events)}};
  state["phase"] = now.load.phase < s.phases.size() ? json(s.phases[now.load.phase].name) : json(nullptr);
  return state;
}

http_server::answer refusal(http::status status, std::string const& why) {
  return http_server::answer_of(status, "application/json", text_of({{"error", why}}) + "\n");
}

std::string_view field(http_server::request const& request, http::field name) {
  auto const value = request[name];
  return {value.data(), value.size()};
}

/// "application/json; charset=utf-8" is "application/json" (RFC 9110, 8.3.1).
bool is_json(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ') || content_type.ends_with('\t')) content_type.remove_suffix(1);
  return boost::beast::iequals(boost::beast::string_view(content_type.data(), content_type.size()), "application/json");
}

/// The path of a target, which may be absolute (RFC 9112, 3.2.2).
std::string_view path_of(http_server::request const& request) {
  std::string_view target(request.target().data(), request.target().size());
  if (!target.starts_with("http://")) return target;
  std::size_t const slash = target.find('/', 7);
  return slash == std::string_view::npos ? "/" : target.substr(slash);
}

/// Whether the request was meant for this machine's own address: a page of another site that had its name resolved to
/// it would name that.
bool names_loopback(std::string_view host) {
  host = host.substr(0, host.rfind(':'));
  return host == "127.0.0.1" || host == "localhost";
}

}

watch_page::watch_page(scenario::scenario const& s, std::uint16_t port)
  : scenario_(s)
  , page_(reports::live_report_html(text_of(about(s)))) {
  for (scenario::event const& e : s.events) taken_.insert(e.name);
  asio::ip::tcp::endpoint const at(asio::ip::address_v4::loopback(), port);
  server_ = std::make_unique<http_server>(context_.get_executor(), at, "--watch-port " + std::to_string(port),
                                          [this](http_server::request const& request) { return reply_to(request); });
  asio::post(workers_, [] { os::yield_to_others(); });
  serving_ = std::thread([this] { context_.run(); });
}

watch_page::~watch_page() {
  workers_.join();
  asio::post(context_, [this] {
    server_.reset();
    for (reader const& r : readers_) r->finish();
    readers_.clear();
    patience_.expires_after(farewell);
    patience_.async_wait([this](boost::system::error_code) { context_.stop(); });
  });
  serving_.join();
}

std::string watch_page::url() const { return live::url_of(server_->address()) + "/"; }

void watch_page::tell_outcome(records::result const& r, std::filesystem::path const& report) {
  workers_.join(); // a look that is under way comes before
  std::string text = "{\"report\": " + text_of(report.string()) +
                     ", \"verdict\": " + text_of(std::string(reports::verdict_name(r.verdict))) + ", \"data\": ";
  publish("over", text + reports::report_data(r) + "}");
}

void watch_page::tell_failure(std::string const& why) {
  publish("over", text_of({{"verdict", reports::verdict_name(records::verdict::error)}, {"why", why}}));
}

void watch_page::on_begin(ask ask_for) {
  std::lock_guard const lock(mutex_);
  ask_for_ = std::move(ask_for);
}

void watch_page::on_glance(live::run_glance const& now) {
  {
    std::lock_guard const lock(mutex_);
    under_load_ = now.stage == live::run_stage::under_load;
    running_ = now.running;
  }
  publish("state", text_of(state_of(scenario_, now)));
}

bool watch_page::wants_records() { return read_by_ != 0 && !working_ && clock::now() >= next_look_; }

void watch_page::on_records(records::run_records so_far) {
  working_ = true;
  asio::post(workers_, [this, records = std::move(so_far)] {
    double const before = os::thread_cpu_seconds();
    try {
      analyse(records);
    } catch (std::exception const& error) { // the run goes on
      publish("trouble", text_of(std::string("what was found so far cannot be shown: ") + error.what()));
    }
    std::chrono::duration<double> const took(os::thread_cpu_seconds() - before);
    clock::duration const rest = std::chrono::duration_cast<clock::duration>(rest_for_work * took);
    next_look_ = clock::now() + std::max<clock::duration>(between_looks, rest);
    working_ = false;
  });
}

void watch_page::analyse(records::run_records const& so_far) {
  records::result r = judge::analyse(scenario_, so_far);
  if (!r.reasons.empty()) r.reasons.erase(r.reasons.begin()); // that it was interrupted: it goes on
  publish("result", reports::report_data(r));
}

void watch_page::on_end() noexcept {
  std::lock_guard const lock(mutex_);
  ask_for_ = nullptr;
  under_load_ = false;
}

void watch_page::publish(std::string const& kind, std::string text) {
  asio::post(context_, [this, kind, text = std::move(text)]() mutable {
    std::erase_if(readers_, [](reader const& r) { return !r->open(); });
    read_by_ = readers_.size();
    for (reader const& r : readers_) r->send(kind, text);
    newest_[kind] = std::move(text);
  });
}

void watch_page::add_reader(reader const& who) {
  readers_.push_back(who);
  read_by_ = readers_.size();
  for (char const* kind : {"state", "result", "trouble", "over"})
    if (auto const found = newest_.find(kind); found != newest_.end()) who->send(kind, found->second);
}

http_server::reply watch_page::reply_to(http_server::request const& request) {
  bool const get = request.method() == http::verb::get;
  std::string_view const path = path_of(request);
  if (request.count(http::field::host) != 1)
    return refusal(http::status::bad_request, "found no Host, or several; allowed: one");
  if (!names_loopback(field(request, http::field::host)))
    return refusal(http::status::misdirected_request, "found another Host; allowed: 127.0.0.1 or localhost");
  if (path == "/" && (get || request.method() == http::verb::head)) {
    http_server::answer page = http_server::answer_of(http::status::ok, "text/html; charset=utf-8", page_);
    page.set(http::field::cache_control, "no-store");
    return page;
  }
  if (path != "/events") return refusal(http::status::not_found, "here are / and /events");
  if (get) {
    if (readers_.size() >= most_readers)
      return refusal(http::status::service_unavailable,
                     "found " + std::to_string(most_readers) + " readers already, as many as are allowed");
    return http_server::stream_opened([this](reader const& who) { add_reader(who); });
  }
  if (request.method() != http::verb::post) {
    http_server::answer refused = refusal(http::status::method_not_allowed, "allowed: GET, POST");
    refused.set(http::field::allow, "GET, POST");
    return refused;
  }
  // What a page of another site can send without being asked about first has neither.
  if (!is_json(field(request, http::field::content_type)))
    return refusal(http::status::unsupported_media_type, "allowed: Content-Type: application/json");
  std::string_view const origin = field(request, http::field::origin);
  if (!origin.empty() && origin != "http://" + std::string(field(request, http::field::host)))
    return refusal(http::status::forbidden, "found the page of another site; allowed: this one");
  return perform(request.body());
}

http_server::answer watch_page::perform(std::string const& text) {
  std::lock_guard const lock(mutex_);
  if (!ask_for_ || !under_load_)
    return refusal(http::status::conflict, "the load does not run now; allowed: events while it does");
  try {
    scenario::event e = scenario::event_by_hand(text, scenario_, running_, taken_);
    std::string const name = e.name;
    ask_for_(std::move(e));
    return http_server::answer_of(http::status::accepted, "application/json", text_of({{"name", name}}) + "\n");
  } catch (config::bad_input const& error) {
    return refusal(http::status::bad_request, error.what());
  }
}

}
