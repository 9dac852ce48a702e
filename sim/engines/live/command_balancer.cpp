#include "sim/engines/live/command_balancer.hpp"

#include "base/config/joined.hpp"
#include "sim/engines/live/paths.hpp"
#include "sim/engines/live/process.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

namespace sim::live {
namespace {

namespace fs = std::filesystem;

/// Certificate and key in one file, as HAProxy wants them.
fs::path bundle_of(certificate_files const& files) {
  fs::path bundle = files.certificate;
  bundle.replace_extension(".bundle.pem");
  std::ofstream out(bundle);
  for (fs::path const& part : {files.certificate, files.key}) out << std::ifstream(part).rdbuf();
  out.close();
  if (!out) throw could_not_run("cannot write " + bundle.string());
  return bundle;
}

using names = std::vector<std::string>;

/// Whether `text` has one of these placeholders.
bool has_one_of(std::string_view text, names const& wanted) {
  std::vector<config::placeholder> const all = config::placeholders_in(text);
  return std::any_of(all.begin(), all.end(), [&wanted](config::placeholder const& p) {
    return std::find(wanted.begin(), wanted.end(), p.name) != wanted.end();
  });
}

bool any_has_one_of(std::vector<std::string> const& words, names const& wanted) {
  return std::any_of(words.begin(), words.end(), [&](std::string const& word) { return has_one_of(word, wanted); });
}

}

command_balancer::command_balancer(scenario::command_settings const& settings, balancer_place const& place,
                                   std::string where)
  : settings_(settings)
  , place_(place)
  , where_(std::move(where)) {}

std::string command_balancer::text() const {
  return settings_.config.empty() ? std::string() : read_template(settings_.config);
}

config::template_values command_balancer::values_for(use what, pid_t pid) const {
  std::size_t const colon = place_.listen.rfind(':');
  config::template_values values;
  values.once = {{"listen", [this] { return place_.listen; }},
                 {"host", [this, colon] { return place_.listen.substr(0, colon); }},
                 {"port", [this, colon] { return place_.listen.substr(colon + 1); }},
                 {"prefix", [this] { return place_.prefix.string(); }},
                 {"proxies", [this] { return config::joined(place_.upstreams, " "); }}};
  if (!settings_.config.empty()) {
    values.once["directory"] = [this] { return settings_.config.parent_path().string(); };
    if (what != use::configuration) values.once["config"] = [this] { return place_.config.string(); };
  }
  if (place_.tls) {
    values.once["certificate"] = [this] { return place_.tls->certificate.string(); };
    values.once["key"] = [this] { return place_.tls->key.string(); };
    values.once["bundle"] = [this] { return bundle_of(*place_.tls).string(); };
  }
  if (what == use::request) values.once["pid"] = [pid] { return std::to_string(pid); };
  values.each = values_of_proxies(place_);
  return values;
}

void command_balancer::check(config::faults& found) const {
  std::string text;
  if (!found.good([&] { text = this->text(); })) return;
  if (!settings_.config.empty()) {
    bool const told_in_words = any_has_one_of(settings_.command, {"proxies", "proxy_address", "proxy_port"});
    config::check_placeholders(
        text, settings_.config.string(), values_for(use::configuration, 0),
        told_in_words ? std::vector<config::needed_placeholder>() : needs_proxies(place_, "proxies"), found);
  }
  config::check_words(settings_.command, where_ + ": command", values_for(use::start, 0), found);
  config::check_words(settings_.check, where_ + ": check", values_for(use::start, 0), found);
  config::check_words(settings_.stop.command, where_ + ": stop", values_for(use::request, 0), found);
  config::check_words(settings_.reload.command, where_ + ": reload", values_for(use::request, 0), found);
  names const certificate = {"certificate", "bundle"};
  if (place_.tls && !has_one_of(text, certificate) && !any_has_one_of(settings_.command, certificate))
    found.add(where_ + ": found neither {{certificate}} nor {{bundle}} in its command or template, but load.tls is "
                       "true; allowed: one of them, where the certificate's file goes");
}

config::filled_text command_balancer::configuration() const {
  config::faults found;
  check(found);
  found.throw_first();
  return config::fill(text(), settings_.config.string(), values_for(use::configuration, 0));
}

filled_command command_balancer::filled(char const* property, std::vector<std::string> const& words) const {
  return {find_command(words.front(), where_),
          config::fill_words({words.begin() + 1, words.end()}, where_ + ": " + property, values_for(use::start, 0))};
}

filled_command command_balancer::asked(char const* property, scenario::signal_or_command const& request,
                                       pid_t pid) const {
  return {find_command(request.command.front(), where_),
          config::fill_words({request.command.begin() + 1, request.command.end()}, where_ + ": " + property,
                             values_for(use::request, pid))};
}

}
