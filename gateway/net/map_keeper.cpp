#include "gateway/net/map_keeper.hpp"

#include "base/os/within.hpp"
#include "gateway/exchange/map_image.hpp"
#include "gateway/net/log.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <variant>

namespace gateway::net {
namespace {

/// A file may be of a larger map than this gateway's, whose latest entries it then has; so much larger.
constexpr std::size_t most_times_larger = 4;

std::string text_of_errno(int error) { return std::generic_category().message(error); }

std::string seconds_text(nanoseconds patience) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", std::chrono::duration<double>(patience).count());
  return text;
}

struct refusal_text {
  map_file_refusal why;
  std::string reason;
};

refusal_text text_of_fault(os::private_bytes const& found, std::size_t most) {
  using os::private_file_fault;
  switch (*found.fault) {
  case private_file_fault::absent:
    break;
  case private_file_fault::no_file:
    return {map_file_refusal::no_file, "it is no regular file"};
  case private_file_fault::of_another_user:
    return {map_file_refusal::of_another_user, "it belongs to another user"};
  case private_file_fault::open_to_others:
    return {map_file_refusal::open_to_others, "others may read or write it; allowed: mode 0600"};
  case private_file_fault::too_large:
    return {map_file_refusal::too_large,
            "it has more than " + std::to_string(most) + " bytes, which is too much for this token_map"};
  case private_file_fault::unreadable:
    break;
  }
  return {map_file_refusal::unreadable, "it cannot be read (" + text_of_errno(found.error) + ")"};
}

refusal_text text_of_fault(exchange::image_fault fault) {
  switch (fault) {
  case exchange::image_fault::foreign:
    return {map_file_refusal::foreign, "it is no token map"};
  case exchange::image_fault::other_version:
    return {map_file_refusal::other_version, "another version of the gateway wrote it"};
  case exchange::image_fault::damaged:
    break;
  }
  return {map_file_refusal::damaged, "it is damaged"};
}

}

map_keeper::map_keeper(settings const& s)
  : file_(s.token_map_file)
  , patience_(s.timeouts.token_map_file) {}

void map_keeper::say(std::string const& what) const { note("token_map_file " + file_.string() + ": " + what); }

void map_keeper::refuse(balancer& shared, map_file_refusal why, std::string const& reason) {
  shared.report({.refused = why});
  say("not used, " + reason + "; the map starts empty");
}

void map_keeper::restore(balancer& shared) {
  if (file_.empty()) return;
  shared.report({});
  std::size_t const entries = shared.snapshot().map_capacity;
  std::size_t const most = exchange::most_image_bytes(most_times_larger * entries);
  struct look {
    os::file_claim claim;
    os::private_bytes found;
  };
  auto const look_at = [file = file_, most] {
    look seen{os::file_claim(file), {}};
    if (!seen.claim.granted()) return seen;
    os::remove_partial_private_file(file);
    seen.found = os::read_private_file(file, most);
    return seen;
  };
  std::optional<look> seen;
  try {
    seen = os::within(patience_, look_at);
  } catch (std::exception const& problem) { // no thread, no memory
    return refuse(shared, map_file_refusal::unreadable, std::string("it cannot be read (") + problem.what() + ")");
  }
  if (!seen) return refuse(shared, map_file_refusal::late, "it could not be read within " + seconds_text(patience_));
  if (!seen->claim.granted()) return refuse(shared, map_file_refusal::in_use, seen->claim.why_not());
  claim_ = std::move(seen->claim);
  if (seen->found.fault == os::private_file_fault::absent) return;
  if (seen->found.fault) {
    auto const [why, reason] = text_of_fault(seen->found, most);
    return refuse(shared, why, reason);
  }
  auto const read = exchange::map_image::read(seen->found.bytes);
  if (auto const* fault = std::get_if<exchange::image_fault>(&read)) {
    auto const [why, reason] = text_of_fault(*fault);
    return refuse(shared, why, reason);
  }
  map_file_report const report = shared.restore_map(std::get<exchange::map_image>(read));
  restored_ = true;
  say(std::to_string(*report.restored) + " entries restored" +
      (report.dropped == 0 ? ""
                           : ", " + std::to_string(report.dropped) +
                                 " dropped: their upstreams are not configured, or there is no room"));
}

void map_keeper::use_up() {
  if (!restored_) return;
  auto const remove = [file = file_] { return ::unlink(file.c_str()) == 0 ? 0 : errno; };
  int const error = os::within(patience_, remove).value_or(ETIME);
  if (error != 0) say("it cannot be removed (" + text_of_errno(error) + "), and would be read again after a crash");
}

void map_keeper::keep(balancer& shared) {
  if (file_.empty()) return;
  balancer::kept_map kept = shared.keep_map();
  auto const given_up = std::make_shared<std::atomic<bool>>(false);
  // Another process may have had the file when this one started, and be gone.
  auto const write = [file = file_, claimed = claim_.has_value(), image = std::move(kept.image), given_up] {
    std::optional<os::file_claim> claim;
    if (!claimed) claim.emplace(file);
    if (claim && !claim->granted()) return claim->why_not();
    int const error = os::write_private_file(file, image, exchange::image_mark, *given_up);
    if (error == EEXIST) return std::string("what is there is no token map, and is left alone");
    return error == 0 ? std::string() : text_of_errno(error);
  };
  std::string why;
  try {
    std::optional<std::string> const outcome = os::within(patience_, write);
    given_up->store(true);
    why = outcome.value_or("not within " + seconds_text(patience_));
  } catch (std::exception const& problem) {
    why = problem.what();
  }
  say(why.empty() ? std::to_string(kept.entries) + " entries written"
                  : "not written (" + why + "); the next start is cold");
}

}
