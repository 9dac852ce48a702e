#pragma once

#include "sim/engines/live/http_server.hpp"
#include "sim/engines/live/onlooker.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/scenario.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace sim::cli {

/// The page of a live run that goes on (`run --watch`, docs/watching.md), on the loopback address:
///   GET /         the page
///   GET /events   server-sent events: "state", some four a second; "result", what was found so far; "over", once;
///                 "trouble", if that could not be worked out
///   POST /events  an event by hand, as a scenario has it
/// What was found so far is worked out while somebody looks, at a lower priority than the run, and for a tenth of one
/// processor's time at most. Owns a thread that serves and one that works; may see several runs one after the other.
class watch_page final : public live::onlooker {
public:
  /// `port` 0: any. `s` must outlive it. Throws `could_not_run` when it cannot listen there.
  watch_page(scenario::scenario const& s, std::uint16_t port);
  watch_page(watch_page const&) = delete;
  watch_page& operator=(watch_page const&) = delete;
  /// Readers have a moment for what they were not sent yet.
  ~watch_page() override;

  /// "http://127.0.0.1:9465/"
  std::string url() const;

  /// What became of it all, and where the report is.
  void tell_outcome(records::result const& r, std::filesystem::path const& report);
  void tell_failure(std::string const& why);

  void on_begin(ask ask_for) override;
  void on_glance(live::run_glance const& now) override;
  bool wants_records() override;
  void on_records(records::run_records so_far) override;
  void on_end() noexcept override;

private:
  using clock = std::chrono::steady_clock;
  using reader = std::shared_ptr<live::event_stream>;

  live::http_server::reply reply_to(live::http_server::request const& request);
  live::http_server::answer perform(std::string const& text);
  void add_reader(reader const& who);
  /// Sends it to all readers, and to later ones at first.
  void publish(std::string const& kind, std::string text);
  void analyse(records::run_records const& so_far);

  scenario::scenario const& scenario_;
  std::string page_;

  // Of the serving thread.
  boost::asio::io_context context_{1};
  boost::asio::steady_timer patience_{context_};
  std::vector<reader> readers_;
  std::map<std::string, std::string> newest_; // event of each kind

  // Between the threads.
  std::mutex mutex_;
  ask ask_for_;                   // empty: no run goes on
  bool under_load_ = false;       // whether events happen now
  std::set<std::string> running_; // nodes
  std::set<std::string> taken_;   // names of events
  std::atomic<std::size_t> read_by_{0};
  std::atomic<bool> working_{false};

  clock::time_point next_look_{}; // of the run's thread, and of the working one while `working_`

  std::unique_ptr<live::http_server> server_;
  std::thread serving_;
  boost::asio::thread_pool workers_{1};
};

}
