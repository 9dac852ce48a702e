#include "sim/engines/live/command_balancer.hpp"

#include "base/config/document.hpp"
#include "sim/engines/live/paths.hpp"
#include "sim/engines/live/process.hpp"
#include "sim/engines/live/template_file.hpp"

#include <algorithm>
#include <fstream>

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

std::string joined(std::vector<std::string> const& words) {
  std::string text;
  for (std::string const& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

template_values values_of(scenario::balancer_group const& group, balancer_place const& place) {
  std::size_t const colon = place.listen.rfind(':');
  template_values values;
  values.once = {{"listen", [&place] { return place.listen; }},
                 {"host", [&place, colon] { return place.listen.substr(0, colon); }},
                 {"port", [&place, colon] { return place.listen.substr(colon + 1); }},
                 {"prefix", [&place] { return place.prefix.string(); }},
                 {"proxies", [&place] { return joined(place.upstreams); }}};
  if (!group.program.config.empty())
    values.once["directory"] = [&group] { return group.program.config.parent_path().string(); };
  if (place.tls) {
    values.once["certificate"] = [&place] { return place.tls->certificate.string(); };
    values.once["key"] = [&place] { return place.tls->key.string(); };
    values.once["bundle"] = [&place] { return bundle_of(*place.tls).string(); };
  }
  values.each_proxy = values_of_proxies(place);
  return values;
}

std::vector<std::string> fill_words(std::vector<std::string> const& words, std::string const& where,
                                    template_values const& values) {
  std::vector<std::string> filled;
  for (std::string const& word : words)
    for (std::string& one : fill_word(word, where, values)) filled.push_back(std::move(one));
  return filled;
}

void check_tls(scenario::command_settings const& program, std::string const& where, std::string const& text) {
  auto const names_it = [](std::string const& in) {
    return has_placeholder(in, "certificate") || has_placeholder(in, "bundle");
  };
  if (names_it(text) || std::any_of(program.command.begin(), program.command.end(), names_it)) return;
  throw config::bad_input(where +
                          ": found neither {{certificate}} nor {{bundle}} in its command or template, but load.tls is "
                          "true; allowed: one of them, where the certificate's file goes");
}

}

command_balancer fill_command(scenario::balancer_group const& group, std::string const& where,
                              balancer_place const& place, fs::path const& config_file) {
  scenario::command_settings const& program = group.program;
  command_balancer filled;
  filled.program = find_command(program.command.front(), where);
  std::string const text = program.config.empty() ? std::string() : read_template(program.config);
  if (place.tls) check_tls(program, where, text);
  template_values values = values_of(group, place);
  filled.config = fill_text(text, program.config.string(), values);
  if (!program.config.empty()) values.once["config"] = [&config_file] { return config_file.string(); };
  filled.arguments = fill_words({program.command.begin() + 1, program.command.end()}, where + ": command", values);
  return filled;
}

std::vector<std::string> fill_stop(scenario::balancer_group const& group, std::string const& where,
                                   balancer_place const& place, fs::path const& config_file, pid_t pid) {
  template_values values = values_of(group, place);
  values.once["pid"] = [pid] { return std::to_string(pid); };
  if (!group.program.config.empty()) values.once["config"] = [&config_file] { return config_file.string(); };
  return fill_words(group.program.stop.command, where + ": stop", values);
}

}
