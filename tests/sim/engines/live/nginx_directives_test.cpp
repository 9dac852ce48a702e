#include "sim/engines/live/nginx_config.hpp"
#include "sim/engines/live/nginx_directives.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace sim::live {

TEST_CASE("what an nginx configuration retries is read from its directives") {
  struct row {
    char const* name;
    std::string config;
    std::vector<std::string> words;
  };
  using words = std::vector<std::string>;
  for (row const& x : std::vector<row>{
           {"none", "http { server { listen 80; } }", {}},
           {"words", "location / { proxy_next_upstream error timeout; proxy_pass http://x; }", {"error", "timeout"}},
           {"over lines", "proxy_next_upstream error\n  http_502;", {"error", "http_502"}},
           {"at several places",
            "a{proxy_next_upstream error;}b{proxy_next_upstream timeout error;}",
            {"error", "timeout"}},
           {"off", "proxy_next_upstream off;", {}},
           {"what is no failure", "proxy_next_upstream non_idempotent http_503;", {"http_503"}},
           {"in a comment", "# proxy_next_upstream error;\nlisten 80;", {}},
           {"after a comment", "listen 80; # here:\nproxy_next_upstream error;", {"error"}},
           {"in quotes", "add_header x \"; proxy_next_upstream error;\";", {}},
           {"another directive", "proxy_next_upstream_tries 3; proxy_next_upstream_timeout 502;", {}},
           {"a page", "error_page 502 504 =200 @again;", {"http_502", "http_504"}},
           {"nothing", "", {}},
           {"an open quote", "proxy_next_upstream \"error", {"error"}},
           {"a comment that ends the file", "proxy_next_upstream error; # so", {"error"}}}) {
    INFO(x.name);
    CHECK(nginx_retries(x.config) == words(x.words));
  }
  CHECK(nginx_retries(article_guess_conf).empty());
  CHECK(nginx_retries(article_lua_conf).empty());
}

TEST_CASE("the files of an nginx's error logs are read from its directives") {
  CHECK(nginx_error_logs(article_guess_conf).empty()); // stderr
  CHECK(nginx_error_logs("error_log a.log; http { error_log /var/b warn; server { error_log a.log info; "
                         "error_log syslog:server=x; } }") == std::vector<std::string>{"a.log", "/var/b"});
}

}
