#include "base/config/template_text.hpp"

#include <catch2/catch.hpp>

using namespace config;
using Catch::Contains;

namespace {

std::vector<std::string> names_in(std::string_view text) {
  std::vector<std::string> names;
  for (placeholder const& one : placeholders_in(text)) names.push_back(one.name + "@" + std::to_string(one.line));
  return names;
}

template_values two_proxies() {
  template_values values;
  values.once = {{"listen", [] { return std::string("127.0.0.1:80"); }}, {"empty", [] { return std::string(); }}};
  values.each = {{{"proxy_address", "a:1"}, {"proxy_index", "0"}}, {{"proxy_address", "b:2"}, {"proxy_index", "1"}}};
  return values;
}

std::vector<std::string> faults_of(std::string_view text, template_values const& values,
                                   std::vector<needed_placeholder> const& needed) {
  faults found;
  check_placeholders(text, "my.conf", values, needed, found);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i != found.size(); ++i) lines.push_back(found.line(i));
  return lines;
}

using names = std::vector<std::string>;

}

TEST_CASE("placeholders are words in double braces, outside comments") {
  struct row {
    char const* name;
    char const* text;
    names found;
  };
  row const table[] = {
      {"none", "listen 80;\n", {}},
      {"several on a line, and their lines", "a {{x}} {{y_2}}\n\nb {{x}}", {"x@1", "y_2@1", "x@3"}},
      {"in a comment", "# {{x}}\n  \t# {{y}}\nz # {{w}}\n", {"w@3"}},
      {"with blanks around", "{{ x }}", {" x @1"}},
      {"Lua's tables", "local t = {{1, 2}, {3}} {{}} {{\"x\"}} {{-- }}", {}},
      {"one brace too many", "{{{x}}}", {"x@1"}},
      {"never closed", "{{x} {{y", {}},
      {"closed on the next line", "{{x\n}}", {}},
  };
  for (row const& r : table) {
    INFO(r.name);
    CHECK(names_in(r.text) == r.found);
  }
}

TEST_CASE("every unknown placeholder is named with its line, every missing one with why it is needed") {
  template_values const values = two_proxies();
  std::vector<needed_placeholder> const needed = {{{"listen"}, "where it has to listen"},
                                                  {{"empty", "proxy_address"}, "who is asked"}};
  CHECK(faults_of("{{listen}} {{empty}}\n", values, needed).empty());
  CHECK(faults_of("{{listen}}\n{{proxy_address}}\n", values, needed).empty());
  auto const lines = faults_of("{{listn}}\n# {{listen}}\n{{ proxy_index }} {{9}}\n", values, needed);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == "my.conf:1: found the unknown placeholder {{listn}}; allowed: {{empty}}, {{listen}}, "
                    "{{proxy_address}}, {{proxy_index}}; did you mean {{listen}}?");
  CHECK_THAT(lines[1],
             Contains("my.conf:3: ") && Contains("{{ proxy_index }}") && Contains("did you mean {{proxy_index}}?"));
  CHECK_THAT(lines[2], Contains("my.conf:3: ") && Contains("{{9}}") && !Contains("did you mean"));
  CHECK(lines[3] == "my.conf: found no {{listen}}, where it has to listen; allowed: a template with it");
  CHECK(lines[4] == "my.conf: found no {{empty}} and no {{proxy_address}}, who is asked; allowed: a template with it");

  faults found;
  check_words({"a", "#{{listn}}", "{{proxy_index}}"}, "f: command", values, found);
  REQUIRE(found.size() == 1);
  CHECK_THAT(found.line(0), Contains("f: command: found the unknown placeholder {{listn}}"));
}

TEST_CASE("a filled template says from which line each of its lines is") {
  template_values values = two_proxies();
  values.once["lines"] = [] { return std::string("one\ntwo\n"); };
  auto const filled = fill("a {{listen}}{{listen}}\n# {{listen}}\n{{lines}}\ns {{proxy_address}}\nlast", "f", values);
  CHECK(filled.text == "a 127.0.0.1:80127.0.0.1:80\n# {{listen}}\none\ntwo\n\ns a:1\ns b:2\nlast\n");
  CHECK(filled.lines == std::vector<std::size_t>{1, 2, 3, 3, 3, 4, 4, 5});
}

TEST_CASE("placeholders are filled in, and what names one of several things is there once for each") {
  struct row {
    char const* name;
    char const* text;
    char const* filled;
  };
  for (row const& r :
       {row{"nothing to do", "a\n\nb\n", "a\n\nb\n"}, row{"a last line without an end", "a", "a\n"},
        row{"once", "bind {{listen}} {{empty}}.", "bind 127.0.0.1:80 .\n"},
        row{"a line for each proxy", "[\ns{{proxy_index}} {{proxy_address}} {{listen}}\n]",
            "[\ns0 a:1 127.0.0.1:80\ns1 b:2 127.0.0.1:80\n]\n"},
        row{"comments stay", "  # {{listen}} {{what}}\n", "  # {{listen}} {{what}}\n"},
        row{"braces of the program's own", "{{1, 2}, {{}} {{listen} {{a.b}}", "{{1, 2}, {{}} {{listen} {{a.b}}\n"},
        row{"a brace before", "{{{listen}}}", "{127.0.0.1:80}\n"}, row{"cut off", "{{listen", "{{listen\n"},
        row{"empty", "", ""}}) {
    INFO(r.name);
    CHECK(fill(r.text, "f", two_proxies()).text == r.filled);
  }
  CHECK(fill_words({"--to={{proxy_address}}", "{{empty}}"}, "w", two_proxies()) ==
        std::vector<std::string>{"--to=a:1", "--to=b:2", ""});
}

TEST_CASE("what a placeholder stands for is not looked at again, and asked for only where it is used") {
  template_values values = two_proxies();
  values.once["listen"] = [] { return std::string("{{proxy_address}}"); };
  values.once["empty"] = []() -> std::string { throw bad_input("asked"); };
  CHECK(fill("{{listen}}", "f", values).text == "{{proxy_address}}\n");
  CHECK_THROWS_AS(fill("{{empty}}", "f", values), bad_input);
}

TEST_CASE("who fills an unknown placeholder is told of it with file and line") {
  for (char const* text : {"a\nb {{lisen}}\n", "a\n{{proxy_index}} {{lisen}}\n"}) {
    INFO(text);
    CHECK_THROWS_WITH(fill(text, "mine.cfg", two_proxies()), Contains("mine.cfg:2: ") && Contains("{{lisen}}"));
  }
  CHECK_THROWS_WITH(fill_words({"x", "{{lisen}}"}, "w", two_proxies()), Contains("w: ") && Contains("{{lisen}}"));
}

TEST_CASE("finding placeholders looks at each byte a bounded number of times") {
  for (char const* part : {"{{", "{", "{{ ", "{{a", "{{   "}) {
    std::string text;
    while (text.size() < 4'000'000) text += part;
    CHECK(placeholders_in(text).empty()); // minutes if it were quadratic
  }
}
