#include "sim/engines/live/nginx_directives.hpp"

#include <algorithm>
#include <set>

namespace sim::live {
namespace {

using directive = std::vector<std::string>;

/// Words up to each ';', '{' or '}' outside of quotes and comments.
std::vector<directive> directives_of(std::string_view config) {
  std::vector<directive> all(1);
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i != config.size(); ++i) {
    char const c = config[i];
    bool const is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && c == '#' && !in_word) {
      i = std::min(config.find('\n', i), config.size()) - 1;
    } else if (quote == 0 && (c == ';' || c == '{' || c == '}')) {
      if (!all.back().empty()) all.emplace_back();
      in_word = false;
    } else if (quote == 0 && is_blank) {
      in_word = false;
    } else {
      if (!in_word) all.back().emplace_back();
      in_word = true;
      if (quote == 0 && (c == '"' || c == '\''))
        quote = c;
      else
        all.back().back() += c;
    }
  }
  return all;
}

bool is_status(std::string const& word) {
  return word.size() == 3 && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}

std::vector<std::string> nginx_retries(std::string_view config) {
  std::set<std::string> words;
  for (directive const& d : directives_of(config)) {
    if (d.empty()) continue;
    bool const next = d[0] == "proxy_next_upstream", page = d[0] == "error_page";
    for (std::size_t i = 1; i < d.size(); ++i) {
      if (next && d[i] != "off" && d[i] != "non_idempotent") words.insert(d[i]);
      if (page && is_status(d[i])) words.insert("http_" + d[i]);
    }
  }
  return {words.begin(), words.end()};
}

std::vector<std::string> nginx_error_logs(std::string_view config) {
  std::vector<std::string> files;
  for (directive const& d : directives_of(config)) {
    if (d.size() < 2 || d[0] != "error_log" || d[1] == "stderr" || d[1].starts_with("syslog:")) continue;
    if (std::find(files.begin(), files.end(), d[1]) == files.end()) files.push_back(d[1]);
  }
  return files;
}

}
