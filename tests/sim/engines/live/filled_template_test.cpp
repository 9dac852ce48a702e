#include "base/config/document.hpp"
#include "sim/engines/live/filled_template.hpp"

#include <catch2/catch.hpp>

using namespace sim::live;

namespace {

template_values two_proxies() {
  template_values values;
  values.once = {{"listen", [] { return std::string("127.0.0.1:80"); }}, {"empty", [] { return std::string(); }}};
  values.each_proxy = {{{"proxy_address", "a:1"}, {"proxy_index", "0"}},
                       {{"proxy_address", "b:2"}, {"proxy_index", "1"}}};
  return values;
}

}

TEST_CASE("placeholders are filled in, and what names a proxy is there once for each") {
  struct row {
    char const* name;
    char const* text;
    char const* filled;
  };
  for (row const& r : {row{"nothing to do", "a\n\nb\n", "a\n\nb\n"}, row{"a last line without an end", "a", "a\n"},
                       row{"once", "bind {{listen}} {{empty}}.", "bind 127.0.0.1:80 .\n"},
                       row{"twice in a line", "{{listen}}{{listen}}", "127.0.0.1:80127.0.0.1:80\n"},
                       row{"a line for each proxy", "[\ns{{proxy_index}} {{proxy_address}} {{listen}}\n]",
                           "[\ns0 a:1 127.0.0.1:80\ns1 b:2 127.0.0.1:80\n]\n"},
                       row{"comments stay", "  # {{listen}} {{what}}\n", "  # {{listen}} {{what}}\n"},
                       row{"braces of the program's own", "{{1, 2}, {{ x }} {{}} {{listen} {{a.b}}",
                           "{{1, 2}, {{ x }} {{}} {{listen} {{a.b}}\n"},
                       row{"a brace before", "{{{listen}}}", "{127.0.0.1:80}\n"},
                       row{"cut off", "{{listen", "{{listen\n"}, row{"empty", "", ""}}) {
    INFO(r.name);
    CHECK(fill_text(r.text, "f", two_proxies()) == r.filled);
  }
  CHECK(fill_word("--to={{proxy_address}}", "w", two_proxies()) == std::vector<std::string>{"--to=a:1", "--to=b:2"});
  CHECK(fill_word("{{empty}}", "w", two_proxies()) == std::vector<std::string>{""});
}

TEST_CASE("what a placeholder stands for is not looked at again, and asked for only where it is used") {
  template_values values = two_proxies();
  values.once["listen"] = [] { return std::string("{{proxy_address}}"); };
  values.once["empty"] = []() -> std::string { throw config::bad_input("asked"); };
  CHECK(fill_text("{{listen}}", "f", values) == "{{proxy_address}}\n");
  CHECK_THROWS_AS(fill_text("{{empty}}", "f", values), config::bad_input);
}

TEST_CASE("an unknown placeholder is named with file, line, what is allowed and the nearest") {
  for (char const* text : {"a\nb {{lisen}}\n", "a\n{{proxy_index}} {{lisen}}\n"}) {
    INFO(text);
    CHECK_THROWS_WITH(fill_text(text, "mine.cfg", two_proxies()),
                      "mine.cfg:2: found the unknown placeholder {{lisen}}; allowed: {{empty}}, {{listen}}, "
                      "{{proxy_address}}, {{proxy_index}}; did you mean {{listen}}?");
  }
}
