#include "sim/authoring/nginx_template.hpp"

#include "base/config/document.hpp"
#include "base/config/nginx_syntax.hpp"
#include "base/config/template_text.hpp"
#include "sim/authoring/text_edits.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

namespace sim::authoring {
namespace {

using config::nginx_directive;
using config::nginx_text;
using config::nginx_word;

constexpr char const* own_upstream = "the_labs_proxies";

/// Directories that nginx writes to, each with a directive of its own.
constexpr std::array<std::string_view, 5> temporary = {"client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path",
                                                       "uwsgi_temp_path", "scgi_temp_path"};

std::string last_part(std::string_view path) {
  std::string name(path.substr(path.rfind('/') + 1)); // npos + 1 is 0
  return name.empty() ? "files" : name;
}

/// "scheme://AUTHORITY" and what follows.
struct destination {
  std::string scheme, authority, rest;
};

std::optional<destination> destination_of(std::string_view url) {
  std::size_t const colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  std::size_t const begin = colon + 3;
  std::size_t end = url.find_first_of("/?$", begin);
  if (url.substr(begin).starts_with("unix:")) { // the path of a socket ends with a colon
    std::size_t const last = url.find(':', begin + 5);
    end = last == std::string_view::npos ? last : last + 1;
  }
  end = std::min(end, url.size());
  return destination{std::string(url.substr(0, colon)), std::string(url.substr(begin, end - begin)),
                     std::string(url.substr(end))};
}

class maker {
public:
  maker(std::string_view text, std::string const& file, std::string const& directory)
    : text_(text)
    , file_(file)
    , directory_(directory)
    , read_(config::read_nginx(text))
    , edits_(text) {}

  nginx_template make() {
    refuse_what_is_none();
    for (std::size_t i = 0; i < all().size(); ++i)
      if (all()[i].name() == "http" && all()[i].parent == nginx_directive::top) http_ = i;
    choose_server();
    for (std::size_t i = 0; i < all().size(); ++i) {
      if (all()[i].name() == "upstream" && all()[i].parent == http_)
        upstreams_.insert(std::string(all()[i].argument(0)));
    }
    for (std::size_t i = 0; i < all().size(); ++i)
      if (!is_left_out(i)) look_at(i);
    complete();
    nginx_template result;
    result.text = wrapped(edits_.applied());
    result.tls = tls_;
    std::stable_sort(notes_.begin(), notes_.end(),
                     [](line_note const& a, line_note const& b) { return a.line < b.line; });
    result.notes = std::move(notes_);
    return result;
  }

private:
  std::vector<nginx_directive> const& all() const { return read_.directives; }

  [[noreturn]] void fail(std::size_t line, std::string const& what) const {
    throw config::bad_input(file_ + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what);
  }

  void refuse_what_is_none() const {
    // Before the syntax: {{listen}} is no word of nginx.
    for (config::placeholder const& one : config::placeholders_in(text_))
      if (one.name == "listen" || one.name == "upstreams" || one.name == "prefix" || one.name.starts_with("proxy_"))
        fail(one.line, "found {{" + one.name +
                           "}}: it is a template already; allowed: a configuration as nginx reads " +
                           "it (name this one with \"template\" in a scenario)");
    if (!read_.problem.empty())
      fail(read_.problem_line, read_.problem + "; allowed: a configuration that `nginx -t` accepts");
  }

  /// Whether `i` is in the block of `ancestor`, at any depth.
  bool is_in(std::size_t i, std::size_t ancestor) const {
    for (std::size_t at = all()[i].parent; at != nginx_directive::top; at = all()[at].parent)
      if (at == ancestor) return true;
    return false;
  }

  void choose_server() {
    std::size_t servers = 0, last_include = 0;
    for (std::size_t i = 0; i < all().size(); ++i) {
      nginx_directive const& d = all()[i];
      if (d.name() == "include") last_include = d.line();
      if (d.name() != "server" || !d.has_block || d.parent != http_) continue;
      ++servers;
      if (!server_ && passes_on(i)) server_ = i;
    }
    if (server_) return;
    std::string text = servers == 0 ? "found no server block" : "found no server block with proxy_pass";
    if (last_include > 0)
      text += ", and what line " + std::to_string(last_include) +
              " includes is not read; allowed: the file with the "
              "server block, such as one of /etc/nginx/sites-enabled, or what `nginx -T` prints";
    else
      text += "; allowed: a configuration that passes requests on with proxy_pass";
    fail(0, text);
  }

  bool passes_on(std::size_t server) const {
    for (std::size_t i = server + 1; i < all().size(); ++i)
      if (all()[i].name() == "proxy_pass" && is_in(i, server)) return true;
    return false;
  }

  /// Whether it is in something that was left out before.
  bool is_left_out(std::size_t i) const {
    return std::any_of(left_out_.begin(), left_out_.end(), [&](std::size_t one) { return is_in(i, one); });
  }

  void leave_out(std::size_t i, std::string const& why) {
    edits_.comment_out(all()[i].begin(), all()[i].end);
    left_out_.push_back(i);
    note(i, all()[i].name() + " " + why);
  }

  void note(std::size_t i, std::string text) { notes_.push_back({all()[i].line(), std::move(text)}); }

  void replace(nginx_word const& word, std::string text) { edits_.replace(word.begin, word.end, std::move(text)); }

  void look_at(std::size_t i) {
    nginx_directive const& d = all()[i];
    if (d.parent == nginx_directive::top) look_at_top(i);
    if (d.parent == http_ && d.name() == "server") look_at_server(i);
    look_at_files(i);
    look_at_way_out(i);
    if (server_ && d.parent == *server_ && d.name() == "listen") look_at_listen(i);
    if (d.name() == "server" && !d.has_block && d.parent != nginx_directive::top &&
        all()[d.parent].name() == "upstream")
      look_at_upstream_server(i);
  }

  void look_at_top(std::size_t i) {
    std::string const& name = all()[i].name();
    if (name == "daemon" || name == "master_process") leave_out(i, "is left out: the lab sets it");
    if (name == "user") leave_out(i, "is left out: nginx runs as whoever runs the lab");
    if (name == "stream" || name == "mail") leave_out(i, "is left out: the lab speaks HTTP");
    if (name == "server" && http_ != nginx_directive::top) leave_out(i, "is left out: it stands outside of http");
  }

  void look_at_server(std::size_t i) {
    if (i != *server_)
      leave_out(i, "block is left out: a balancer of the lab listens on one address, which is that of line " +
                       std::to_string(all()[*server_].line()));
  }

  void look_at_listen(std::size_t i) {
    nginx_directive const& d = all()[i];
    for (nginx_word const& word : d.words) tls_ = tls_ || word.text == "ssl";
    if (listens_) {
      leave_out(i, "is left out: a balancer of the lab listens on one address");
      return;
    }
    listens_ = true;
    std::string lost;
    for (std::size_t w = 2; w < d.words.size(); ++w)
      if (d.words[w].text != "ssl") lost += " " + d.words[w].text;
    edits_.replace(d.words[1].begin, d.words.back().end, "{{listen}}");
    if (!lost.empty()) note(i, "listen: left out" + lost);
  }

  void look_at_upstream_server(std::size_t i) {
    nginx_directive const& d = all()[i];
    nginx_directive const& upstream = all()[d.parent];
    if (d.argument(0) == "0.0.0.1" || d.argument(0) == "0.0.0.0") { // Lua's, which is not used
      note(i, "server " + std::string(d.argument(0)) + " of upstream " + std::string(upstream.argument(0)) +
                  " is left as it is: Lua chooses, and must know the proxies ({{proxy_address}})");
      return;
    }
    if (!filled_.insert(d.parent).second) {
      leave_out(i, std::string(d.argument(0)) + " of upstream " + std::string(upstream.argument(0)) +
                       " is left out: the lab's proxies are where its first server was");
      return;
    }
    std::string parameters, lost;
    for (std::size_t w = 2; w < d.words.size(); ++w) {
      std::string const& word = d.words[w].text;
      bool const own = word == "backup" || word == "down" || word == "resolve" || word.starts_with("service=") ||
                       word.starts_with("route=") || word.starts_with("id=");
      (own ? lost : parameters) += " " + word;
    }
    // A line that names a proxy is there once for each.
    edits_.replace_alone(d.begin(), d.end, "server {{proxy_address}}" + parameters + ";");
    if (!lost.empty()) note(i, "server: left out" + lost);
  }

  void look_at_way_out(std::size_t i) {
    nginx_directive const& d = all()[i];
    std::string const& name = d.name();
    if (name == "grpc_pass" || name == "fastcgi_pass" || name == "uwsgi_pass" || name == "scgi_pass" ||
        name == "memcached_pass")
      note(i, name + " is left as it is: the lab's proxies speak HTTP");
    if (name == "resolver") note(i, "resolver is left as it is: what it finds is none of the lab's proxies");
    if (name.starts_with("balancer_by_lua"))
      note(i, name + " is left as it is: where it names proxies, it needs {{proxy_host}} and {{proxy_port}}");
    if (name != "proxy_pass" || d.words.size() < 2) return;
    nginx_word const& word = d.words[1];
    auto to = destination_of(word.text);
    bool const named = to && upstreams_.contains(to->authority);
    if (!to || to->authority.empty() || (!named && to->rest.starts_with('$'))) {
      note(i, "proxy_pass " + word.text + " is left as it is: its variables say where it leads");
      return;
    }
    if (!named) {
      needs_upstream_ = true;
      note(i, "proxy_pass " + to->scheme + "://" + to->authority + " leads to the lab's proxies");
      to->authority = own_upstream;
    }
    if (to->scheme == "https") {
      note(i, "proxy_pass: https has become http, which the lab's proxies speak");
      to->scheme = "http";
    }
    std::string const text = to->scheme + "://" + to->authority + to->rest;
    if (text == word.text) return;
    bool const plain = text.find_first_of(" \t;\"'") == std::string::npos;
    replace(word, plain ? text : "\"" + text + "\"");
  }

  void look_at_files(std::size_t i) {
    nginx_directive const& d = all()[i];
    std::string const& name = d.name();
    std::string const argument(d.argument(0));
    if (argument.empty()) return;
    if (d.parent == http_) at_http_.insert(name);
    if (name == "pid" || name == "lock_file") {
      has_pid_ = has_pid_ || name == "pid";
      replace(d.words[1], "{{prefix}}/nginx." + name);
    } else if (name == "error_log") {
      if (argument != "stderr" && !argument.starts_with("syslog:")) replace(d.words[1], "stderr");
    } else if (name == "access_log") {
      if (argument != "off" && !argument.starts_with("syslog:") && argument.find('$') == std::string::npos)
        replace(d.words[1], "{{prefix}}/" + last_part(argument));
    } else if (name == "proxy_cache_path" || std::find(temporary.begin(), temporary.end(), name) != temporary.end()) {
      replace(d.words[1], "{{prefix}}/" + last_part(argument));
    } else if (name == "load_module") {
      if (!argument.starts_with('/')) replace(d.words[1], "{{modules}}/" + last_part(argument));
    } else if (name == "include") {
      look_at_include(i);
    } else if (name.starts_with("ssl_")) {
      look_at_tls_file(i);
    }
  }

  void look_at_include(std::size_t i) {
    nginx_directive const& d = all()[i];
    std::string const argument(d.argument(0));
    if (d.parent == nginx_directive::top && http_ != nginx_directive::top) {
      leave_out(i, argument + " is left out; where it loads modules, write load_module {{modules}}/NAME.so");
      return;
    }
    if (!argument.starts_with('/')) replace(d.words[1], directory_ + "/" + argument);
    if (last_part(argument) != "mime.types")
      note(i, "include " + argument + " is left as it is: addresses and files in it are not replaced");
  }

  void look_at_tls_file(std::size_t i) {
    nginx_directive const& d = all()[i];
    std::string const& name = d.name();
    if (name == "ssl_certificate" || name == "ssl_certificate_key") {
      leave_out(i, "is left out: the lab makes a certificate for each run, {{tls}}");
    } else if (d.argument(0).starts_with('/') || name == "ssl_dhparam" || name.ends_with("_certificate")) {
      note(i, name + " " + std::string(d.argument(0)) + " is left as it is: nginx reads that file");
    }
  }

  /// What is missing so that nginx listens where it is to, and writes where it may.
  void complete() {
    std::string in_server;
    if (!listens_) in_server += "\n        listen {{listen}};";
    if (tls_) in_server += "\n        {{tls}}";
    edits_.insert(all()[*server_].inside, in_server);
    std::string in_http;
    if (!at_http_.contains("access_log")) in_http += "\n    access_log off;";
    for (std::string_view const name : temporary)
      if (!at_http_.contains(std::string(name)))
        in_http += "\n    " + std::string(name) + " {{prefix}}/" + std::string(name) + ";";
    if (needs_upstream_)
      in_http += std::string("\n    upstream ") + own_upstream + " {\n        server {{proxy_address}};\n    }";
    if (http_ == nginx_directive::top) {
      head_ = "pid {{prefix}}/nginx.pid;\nerror_log stderr warn;\nevents {\n    worker_connections 8192;\n}\nhttp {" +
              in_http + "\n";
      notes_.push_back({1, "the file has no http block: one is around it now"});
    } else {
      edits_.insert(all()[http_].inside, in_http);
      if (!has_pid_) head_ = "pid {{prefix}}/nginx.pid;\n";
    }
  }

  std::string wrapped(std::string text) const {
    if (!text.empty() && text.back() != '\n') text += '\n';
    return head_ + text + (http_ == nginx_directive::top ? "}\n" : "");
  }

  std::string_view text_;
  std::string const& file_;
  std::string const& directory_;
  nginx_text read_;
  text_edits edits_;

  std::size_t http_ = nginx_directive::top; // stays so where the file is what others include within http
  std::optional<std::size_t> server_;
  std::set<std::string, std::less<>> upstreams_, at_http_; // names of upstreams; directives straight in http
  std::set<std::size_t> filled_;                           // upstreams that have the lab's proxies
  std::vector<std::size_t> left_out_;
  bool tls_ = false, listens_ = false, has_pid_ = false, needs_upstream_ = false;
  std::string head_;
  std::vector<line_note> notes_;
};

}

nginx_template make_nginx_template(std::string_view text, std::string const& file, std::string const& directory) {
  return maker(text, file, directory).make();
}

}
