#include "base/config/nginx_syntax.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

using config::nginx_directive;
using config::read_nginx;

namespace {

/// "a(b|c){d()}": words between | , blocks between braces.
std::string outline(std::string_view text) {
  auto const read = read_nginx(text);
  auto const print = [&](auto const& self, std::size_t parent) -> std::string {
    std::string all;
    for (std::size_t i = 0; i < read.directives.size(); ++i) {
      nginx_directive const& d = read.directives[i];
      if (d.parent != parent) continue;
      all += d.name() + "(";
      for (std::size_t w = 1; w < d.words.size(); ++w) all += (w == 1 ? "" : "|") + d.words[w].text;
      all += d.has_block ? "){" + self(self, i) + "}" : ")";
    }
    return all;
  };
  return print(print, nginx_directive::top);
}

}

TEST_CASE("an nginx configuration is read as nginx reads it: words, quotes, comments, blocks") {
  struct row {
    char const* name;
    char const* text;
    char const* outline;
  };
  row const rows[] = {
      {"directives", "a b c;\nd;", "a(b|c)d()"},
      {"blocks", "http { server { listen 80; } server {} }", "http(){server(){listen(80)}server(){}}"},
      {"quotes hold all signs", R"(a "b; {c} # d" 'e "f"';)", "a(b; {c} # d|e \"f\")"},
      {"a quote within a word is its own", "a b\"c d\";", "a(b\"c|d\")"},
      {"escapes", R"(a "b\"c" d\;e \\;)", "a(b\"c|d\\;e|\\)"},
      {"an empty string is a word", "a '' \"\";", "a(|)"},
      {"a comment ends its line", "a; # b { ; \"\nc;", "a()c()"},
      {"a comment begins a word", "a b#c;", "a(b#c)"},
      {"a variable in braces is part of a word", "set $a x${b}y; c {}", "set($a|x${b}y)c(){}"},
      {"a regular expression", R"(location ~* ^/a/(?<b>.*)\.c$ { d; })", "location(~*|^/a/(?<b>.*)\\.c$){d()}"},
      {"Lua's block is no directives", "content_by_lua_block { x = {1; 2} -- it's } \n y = '}' } a;",
       "content_by_lua_block(){}a()"},
      {"Lua's long strings and comments", "init_by_lua_block { a = [==[ ]] } ]==] --[[ } ]] b = t[1] } c;",
       "init_by_lua_block(){}c()"},
      {"Lua's escapes", R"(init_by_lua_block { a = "\"}" } c;)", "init_by_lua_block(){}c()"},
      {"nothing", " \n# only\n", ""},
  };
  for (row const& r : rows) {
    INFO(r.name);
    CHECK(outline(r.text) == r.outline);
    CHECK(read_nginx(r.text).problem.empty());
  }
}

TEST_CASE("of each word and block it is known where it stands") {
  std::string const text = "a;\nhttp {\n  listen \"x y\"; # 1\n}\n";
  auto const read = read_nginx(text);
  REQUIRE(read.directives.size() == 3);
  nginx_directive const& http = read.directives[1];
  nginx_directive const& listen = read.directives[2];
  CHECK(listen.line() == 3);
  CHECK(text.substr(listen.begin(), listen.end - listen.begin()) == "listen \"x y\";");
  CHECK(text.substr(listen.words[1].begin, listen.words[1].end - listen.words[1].begin) == "\"x y\"");
  CHECK(text.substr(http.begin(), http.end - http.begin()) == "http {\n  listen \"x y\"; # 1\n}");
  CHECK(text.substr(http.inside, 3) == "\n  ");
  CHECK(http.block_line == 4);
}

TEST_CASE("what nginx would not read is said with its line, and the rest is read all the same") {
  struct row {
    char const* text;
    std::size_t line;
    char const* problem;
    char const* outline;
  };
  row const rows[] = {
      {"a b", 1, "found no ';' behind a", "a(b)"},
      {"a {\n b;\n", 3, "found no '}' for the block of a", "a(){b()}"},
      {"a;\n}\nb;", 2, "found '}' with no block to end", "a()b()"},
      {"a { b }", 1, "found no ';' behind b", "a(){b()}"},
      {"a;;", 1, "found ';' with nothing before it", "a()"},
      {"\n{ a; }", 2, "found '{' with nothing before it", "(){a()}"},
      {"a \"b;\n", 1, "found a quote that does not end", "a(b;\n)"},
  };
  for (row const& r : rows) {
    INFO(r.text);
    auto const read = read_nginx(r.text);
    CHECK(read.problem == r.problem);
    CHECK(read.problem_line == r.line);
    CHECK(outline(r.text) == r.outline);
  }
}

TEST_CASE("an nginx configuration that ends anywhere is read to its end") {
  std::string const text = "http { log '$a\\'b' ${c}; content_by_lua_block { x = [=[ ]=] -- \" } # d\n }";
  for (std::size_t size = 0; size <= text.size(); ++size)
    for (nginx_directive const& d : read_nginx(std::string_view(text).substr(0, size)).directives) {
      CHECK(d.begin() <= size);
      CHECK(d.end <= size);
      CHECK_FALSE(d.words.empty());
    }
}
