#include "sim/engines/live/balancer_check.hpp"

#include "base/config/joined.hpp"
#include "sim/engines/live/command_balancer.hpp"
#include "sim/engines/live/nginx_config.hpp"
#include "sim/engines/live/paths.hpp"
#include "sim/engines/live/ports.hpp"
#include "sim/engines/live/process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace sim::live {
namespace {

namespace fs = std::filesystem;

/// For configurations with Lua, which may do anything when they are read.
constexpr auto patience = std::chrono::seconds(20);

/// A directory below the system's for such files, which goes with its contents.
class temporary_directory {
public:
  temporary_directory()
    : name_((fs::temp_directory_path() / "crest-sim-check-XXXXXX").string()) {
    if (::mkdtemp(name_.data()) == nullptr) throw could_not_run("cannot make " + name_ + ": " + std::strerror(errno));
  }
  ~temporary_directory() {
    std::error_code none;
    fs::remove_all(name_, none);
  }
  temporary_directory(temporary_directory const&) = delete;
  temporary_directory& operator=(temporary_directory const&) = delete;

  fs::path path() const { return name_; }

private:
  std::string name_;
};

/// Runs `what` to its end; whether that was clean.
bool succeeds(command what) {
  boost::asio::io_context context;
  process child(context.get_executor(), std::move(what));
  child.on_crash([](process&) {}); // any end is one that was waited for
  bool ended = false;
  auto const watch = [&]() -> boost::asio::awaitable<void> { ended = co_await child.wait(patience); };
  boost::asio::co_spawn(context, watch(), boost::asio::detached);
  context.run();
  return ended && child.status().clean();
}

/// A program's first complaint about the file that it was to read: "unknown directive \"x\"", and its line there; 0 if
/// it names none.
struct complaint {
  std::string text;
  std::size_t line = 0;
};

/// The number that `text` has behind "FILE:"; 0 if there is none.
std::size_t line_named_in(std::string const& text, std::string const& file) {
  std::size_t const at = text.find(file + ":");
  std::size_t line = 0;
  if (at != std::string::npos) std::from_chars(text.data() + at + file.size() + 1, text.data() + text.size(), line);
  return line;
}

complaint complaint_in(fs::path const& said, std::string const& file) {
  std::ifstream in(said);
  for (std::string line; std::getline(in, line);)
    if (std::size_t const number = line_named_in(line, file); number > 0) return {line, number};
  complaint result{last_lines(said, 3)};
  std::replace(result.text.begin(), result.text.end(), '\n', ' ');
  return result;
}

/// Without nginx's time, level, process and place, which stand elsewhere: `unknown directive "x"`.
std::string nginx_words(std::string text, std::string const& file) {
  constexpr std::string_view level = "[emerg] ";
  std::size_t const begin = text.find(level);
  if (begin == std::string::npos) return text;
  text.erase(0, begin + level.size());
  std::size_t const process_id = text.find_first_not_of("0123456789#"); // "12#12: ", of later versions
  if (process_id != 0 && process_id != std::string::npos && text.substr(process_id, 2) == ": ")
    text.erase(0, process_id + 2);
  if (std::size_t const place = text.rfind(" in " + file + ":"); place != std::string::npos) text.resize(place);
  return text;
}

/// A balancer where it would be in a run, as far as that matters to who only reads its configuration.
balancer_place place_for(scenario::scenario const& s, fs::path const& directory, std::string listen) {
  balancer_place place;
  place.listen = std::move(listen);
  place.prefix = directory;
  place.config = directory / "balancer.conf";
  place.ports_known = s.topology.proxies.first_port != 0;
  std::uint32_t const first = place.ports_known ? s.topology.proxies.first_port : 1;
  for (std::uint32_t i = 0; i < s.topology.proxies.count; ++i)
    place.upstreams.push_back("127.0.0.1:" + std::to_string((first + i - 1) % 65535 + 1));
  if (s.load.tls) place.tls = make_certificate(directory);
  return place;
}

/// Where a balancer's configuration is tried.
struct stand {
  explicit stand(scenario::scenario const& s)
    : place(place_for(s, directory.path(), port.address())) {}

  temporary_directory directory;
  port_reservation port;
  balancer_place place;
};

/// What to ask of which configuration, and how messages call both.
struct question {
  config::filled_text configuration;
  filled_command asked;
  std::string about;
  std::string words; // "nginx -t"
};

/// Asks, and adds what the program refuses.
void ask(question const& q, balancer_place const& place, config::faults& found) {
  std::string const file = place.config.string();
  std::ofstream(file) << q.configuration.text;
  fs::path const said = place.prefix / "said";
  if (succeeds({q.words, q.asked.program, q.asked.arguments, said, true})) return;
  complaint what = complaint_in(said, file);
  std::string where = q.about;
  if (what.line > 0 && what.line <= q.configuration.lines.size())
    where += ":" + std::to_string(q.configuration.lines[what.line - 1]);
  what.text = nginx_words(what.text, file);
  std::string const there = file + ":" + std::to_string(what.line);
  if (std::size_t const at = what.text.find(there); at != std::string::npos) what.text.replace(at, there.size(), where);
  found.add(where + ": found what `" + q.words + "` refuses: " + what.text + "; allowed: what it accepts");
}

/// Asks what `make` returns; why not, if that could not be done.
template<class Make>
std::string ask_if_possible(Make&& make, balancer_place const& place, config::faults& found) {
  try {
    ask(make(), place, found);
    return "";
  } catch (could_not_run const& error) {
    return error.what();
  }
}

std::string check_nginx(scenario::scenario const& s, scenario::balancer_group const& group, config::faults& found) {
  stand const at(s);
  config::faults own;
  check_nginx_template(group, at.place, own);
  found.add(own);
  if (!own.empty()) return "";
  auto const question_for = [&] {
    std::vector<std::string> arguments = nginx_arguments(at.place);
    arguments.insert(arguments.begin(), {"-t", "-q"});
    filled_command test{find_nginx(), std::move(arguments)};
    return question{nginx_config(group, at.place), std::move(test), nginx_template_name(group), "nginx -t"};
  };
  return ask_if_possible(question_for, at.place, found);
}

std::string check_command(scenario::scenario const& s, scenario::command_settings const& settings,
                          config::faults& found) {
  stand const at(s);
  std::string const where = s.file.string() + ": " + settings.name;
  command_balancer const balancer(settings, at.place, where);
  config::faults own;
  balancer.check(own);
  found.add(own);
  if (!own.empty()) return "";
  if (settings.check.empty()) return where + " has no \"check\", which names a command for that";
  auto const question_for = [&] {
    return question{balancer.configuration(), balancer.test(),
                    settings.config.empty() ? where : settings.config.string(), config::joined(settings.check, " ")};
  };
  return ask_if_possible(question_for, at.place, found);
}

}

std::string check_balancer(scenario::scenario const& s, scenario::balancer_group const& group, config::faults& found) {
  switch (scenario::traits_of(group.kind).started_by) {
  case scenario::launcher::nginx:
    return check_nginx(s, group, found);
  case scenario::launcher::command:
    return check_command(s, group.program, found);
  case scenario::launcher::crest_gateway: // its settings are the scenario's
  case scenario::launcher::nobody:
    return "";
  }
  return "";
}

}
