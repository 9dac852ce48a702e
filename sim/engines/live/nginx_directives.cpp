#include "sim/engines/live/nginx_directives.hpp"

#include "base/config/nginx_syntax.hpp"

#include <algorithm>
#include <set>

namespace sim::live {
namespace {

bool is_status(std::string const& word) {
  return word.size() == 3 && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}

std::vector<std::string> nginx_retries(std::string_view config) {
  std::set<std::string> words;
  for (config::nginx_directive const& d : config::read_nginx(config).directives) {
    bool const next = d.name() == "proxy_next_upstream", page = d.name() == "error_page";
    for (std::size_t i = 1; i < d.words.size(); ++i) {
      std::string const& word = d.words[i].text;
      if (next && word != "off" && word != "non_idempotent") words.insert(word);
      if (page && is_status(word)) words.insert("http_" + word);
    }
  }
  return {words.begin(), words.end()};
}

std::vector<std::string> nginx_error_logs(std::string_view config) {
  std::vector<std::string> files;
  for (config::nginx_directive const& d : config::read_nginx(config).directives) {
    std::string const file(d.argument(0));
    if (d.name() != "error_log" || file.empty() || file == "stderr" || file.starts_with("syslog:")) continue;
    if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  return files;
}

}
