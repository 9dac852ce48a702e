#include "base/config/document.hpp"
#include "base/config/nginx_syntax.hpp"
#include "base/config/template_text.hpp"
#include "sim/authoring/nginx_template.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>

using Catch::Contains;
using sim::authoring::make_nginx_template;
using sim::authoring::nginx_template;

namespace {

nginx_template made_of(std::string const& text) { return make_nginx_template(text, "my.conf", "/etc/nginx"); }

nginx_template made_of_file(std::string const& name) {
  std::ifstream in(std::string(CREST_SOURCE_DIR) + "/tests/sim/authoring/configs/" + name);
  REQUIRE(in);
  return made_of({std::istreambuf_iterator<char>(in), {}});
}

/// "LINE: TEXT" of each.
std::string notes_of(nginx_template const& t) {
  std::string all;
  for (auto const& note : t.notes) all += std::to_string(note.line) + ": " + note.text + "\n";
  return all;
}

std::string refusal_of(std::string const& text) {
  try {
    made_of(text);
  } catch (config::bad_input const& error) {
    return error.what();
  }
  return "";
}

std::string site(std::string const& server, std::string const& before = "") {
  return before + "server {\n" + server + "\n}\n";
}

/// With `{{` and `}}` as nginx would have it after they are filled in.
bool is_read(std::string text) {
  config::template_values values;
  for (char const* name : {"listen", "tls", "prefix", "modules"}) values.once[name] = [] { return std::string("x"); };
  values.each = {{{"proxy_address", "127.0.0.1:1"}}, {{"proxy_address", "127.0.0.1:2"}}};
  return config::read_nginx(config::fill(text, "t", values).text).problem.empty();
}

}

TEST_CASE("the article's configuration becomes a template that differs only where it must") {
  nginx_template const made = made_of_file("article-guess.conf");
  INFO(made.text);
  CHECK_THAT(made.text, Contains("# The article's first arrangement") && Contains("\nworker_processes auto;\n") &&
                            Contains("# user www-data;\n") && Contains("pid {{prefix}}/nginx.pid;\n") &&
                            Contains("error_log stderr warn;") && Contains("access_log {{prefix}}/access.log;") &&
                            Contains("\n        server {{proxy_address}};\n") &&
                            Contains("# server 10.1.0.12:26001;") && Contains("        listen {{listen}};\n") &&
                            Contains("# listen [::]:80 default_server;") && Contains("proxy_pass http://eveproxies;") &&
                            Contains("proxy_pass http://$owner_and_path$is_args$query_string;"));
  CHECK_FALSE(made.tls);
  CHECK(notes_of(made) == "2: user is left out: nginx runs as whoever runs the lab\n"
                          "16: server 10.1.0.12:26001 of upstream eveproxies is left out: the lab's proxies are where "
                          "its first server was\n"
                          "17: server 10.1.0.13:26001 of upstream eveproxies is left out: the lab's proxies are where "
                          "its first server was\n"
                          "21: listen: left out default_server\n"
                          "22: listen is left out: a balancer of the lab listens on one address\n"
                          "31: proxy_pass http://$owner_and_path$is_args$query_string is left as it is: its variables "
                          "say where it leads\n");
}

TEST_CASE("every configuration of the tests becomes one that nginx could read, with all that the lab needs in it") {
  for (char const* name : {"article-guess.conf", "article-lua.conf", "site-with-tls.conf", "whole-nginx.conf"}) {
    INFO(name);
    nginx_template const made = made_of_file(name);
    INFO(made.text);
    CHECK(is_read(made.text));
    for (char const* placeholder : {"listen", "proxy_address", "prefix"}) {
      bool found = false;
      for (auto const& one : config::placeholders_in(made.text)) found = found || one.name == placeholder;
      CHECK(found);
    }
    CHECK(made.tls == (name == std::string("site-with-tls.conf")));
  }
}

TEST_CASE("a file of one site gets an http block, and of several servers the one that passes requests on is kept") {
  nginx_template const made = made_of_file("site-with-tls.conf");
  INFO(made.text);
  CHECK_THAT(made.text,
             Catch::StartsWith("pid {{prefix}}/nginx.pid;\n") && Contains("http {\n") && Catch::EndsWith("}\n}\n") &&
                 Contains("# server {\n#     listen 80;") && Contains("        {{tls}}\n") &&
                 Contains("# ssl_certificate /etc/letsencrypt") && Contains("proxy_pass http://app;") &&
                 Contains("    server {{proxy_address}} weight=2 max_fails=3;\n") && Contains("keepalive 32;"));
  std::string const notes = notes_of(made);
  INFO(notes);
  CHECK_THAT(notes, Contains("10: server block is left out") && Contains("17: listen: left out http2") &&
                        Contains("20: ssl_certificate is left out") &&
                        Contains("26: proxy_pass: https has become http"));
}

TEST_CASE(
    "a whole nginx.conf: files that nginx writes, several upstreams, addresses without one, lines that are full") {
  nginx_template const made = made_of_file("whole-nginx.conf");
  INFO(made.text);
  CHECK_THAT(
      made.text,
      Contains("# include /etc/nginx/modules-enabled/*.conf;") &&
          Contains("log_format timed '$remote_addr \"$request\" $status $request_time; {\"quoted\": \"brace\"}';") &&
          Contains("proxy_cache_path {{prefix}}/api levels=1:2 keys_zone=api:1m;") &&
          Contains("access_log {{prefix}}/access.log timed;") &&
          Contains("upstream game { zone game 64k; \nserver {{proxy_address}};\n") &&
          Contains("upstream the_labs_proxies {\n        server {{proxy_address}};\n    }") &&
          Contains("proxy_pass http://the_labs_proxies/old;") && Contains("proxy_pass http://$arg_tenant.internal;") &&
          Contains("server { listen {{listen}};"));
  std::string const notes = notes_of(made);
  INFO(notes);
  for (char const* note :
       {"4: include /etc/nginx/modules-enabled/*.conf is left out; where it loads modules, write load_module",
        "18: resolver is left as it is", "22: server 10.2.0.2:7000 of upstream game is left out",
        "28: server block is left out", "35: proxy_pass http://10.2.0.9:9000 leads to the lab's proxies",
        "36: proxy_pass http://$arg_tenant.internal is left as it is"})
    CHECK_THAT(notes, Contains(note));
}

TEST_CASE("what an odd configuration has is replaced, left out or said, with its line") {
  struct row {
    char const* name;
    std::string text;
    char const* has;
    char const* note; // empty: nothing to say of it
  };
  row const rows[] = {
      {"a server without listen", site("location / { proxy_pass http://10.0.0.1; }"),
       "server {\n        listen {{listen}};", "2: proxy_pass http://10.0.0.1 leads to the lab's proxies"},
      {"https without an upstream", site("listen 1; location / { proxy_pass https://a.b/c; }"),
       "proxy_pass http://the_labs_proxies/c;", "https has become http"},
      {"a variable behind a known upstream",
       site("listen 1; location / { proxy_pass http://u$uri; }", "upstream u { server a; }\n"),
       "proxy_pass http://u$uri;", ""},
      {"a socket", site("listen unix:/a; location / { proxy_pass http://unix:/run/a.sock:/b; }"),
       "proxy_pass http://the_labs_proxies/b;", "unix:/run/a.sock: leads to the lab's proxies"},
      {"a quoted address", site("listen 1; location / { proxy_pass \"http://a:1/b c\"; }"),
       "proxy_pass \"http://the_labs_proxies/b c\";", "http://a:1 leads"},
      {"relative includes", site("listen 1; include proxy_params; location / { proxy_pass http://a; }"),
       "include /etc/nginx/proxy_params;", "2: include proxy_params is left as it is"},
      {"types are of no concern", site("listen 1; include mime.types; location / { proxy_pass http://a; }"),
       "include /etc/nginx/mime.types;", ""},
      {"files of TLS", site("listen 1 ssl; ssl_dhparam dh.pem; location / { proxy_pass http://a; }"),
       "ssl_dhparam dh.pem;", "2: ssl_dhparam dh.pem is left as it is: nginx reads that file"},
      {"other protocols", site("listen 1; location / { proxy_pass http://a; } location /g { grpc_pass a:1; }"),
       "grpc_pass a:1;", "2: grpc_pass is left as it is"},
      {"Lua that chooses",
       site("listen 1; location / { proxy_pass http://u; }",
            "upstream u { server 0.0.0.1; balancer_by_lua_block { x = {1} } }\n"),
       "server 0.0.0.1; balancer_by_lua_block { x = {1} }", "1: balancer_by_lua_block is left as it is"},
      {"a stream block",
       "events {}\nstream { server { listen 53 udp; proxy_pass a:53; } }\nhttp { server { location / { proxy_pass "
       "http://a; } } }\n",
       "# stream { server { listen 53 udp; proxy_pass a:53; } }", "2: stream is left out"},
  };
  for (row const& r : rows) {
    INFO(r.name);
    nginx_template const made = made_of(r.text);
    INFO(made.text);
    INFO(notes_of(made));
    CHECK(is_read(made.text));
    CHECK_THAT(made.text, Contains(r.has));
    if (*r.note != '\0') CHECK_THAT(notes_of(made), Contains(r.note));
  }
}

TEST_CASE("what is no configuration to make a template of is refused with file and line") {
  CHECK(refusal_of("http {\n server {\n") ==
        "my.conf:3: found no '}' for the block of server; allowed: a configuration that `nginx -t` accepts");
  CHECK_THAT(refusal_of("a;\nlisten {{listen}};"),
             Contains("my.conf:2: found {{listen}}: it is a template already; allowed: "));
  CHECK_THAT(refusal_of("events {}\nhttp {\n include conf.d/*.conf;\n}\n"),
             Contains("my.conf: found no server block, and what line 3 includes is not read; allowed: the file with"));
  CHECK_THAT(refusal_of(site("listen 80; root /srv;")),
             Contains("my.conf: found no server block with proxy_pass; allowed: "));
  CHECK_THAT(refusal_of(""), Contains("found no server block; allowed"));
}
