// What clients read where an answer named an upstream: never another host, and never the upstream.
#include "gateway/http/forward.hpp"
#include "gateway/http/references.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace gateway::http;

namespace {

bool is_upstream(host_port const& who) { return who.text() == "proxy:8000" || who.text() == "proxy:80"; }

/// The authority that a browser asks for `reference` on a page of the host `gateway`: the part of WHATWG URL that
/// decides it.
std::string authority_of(std::string_view reference, std::string const& page_scheme) {
  while (!reference.empty() && static_cast<unsigned char>(reference.front()) <= ' ') reference.remove_prefix(1);
  while (!reference.empty() && static_cast<unsigned char>(reference.back()) <= ' ') reference.remove_suffix(1);
  std::string text(reference);
  std::erase_if(text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  auto const is_slash = [](char c) { return c == '/' || c == '\\'; };
  std::size_t at = 0;
  std::size_t const colon = text.find(':');
  std::string scheme;
  if (colon != std::string::npos && colon != 0)
    for (char const c : text.substr(0, colon)) scheme.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c);
  bool const is_scheme = !scheme.empty() && scheme.front() >= 'a' && scheme.front() <= 'z' &&
                         scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") == std::string::npos;
  if (is_scheme) {
    if (scheme != "http" && scheme != "https") return "(" + scheme + ")";
    at = colon + 1;
    bool const has_two = text.substr(at).starts_with("//");
    if (scheme == page_scheme && !has_two) { // relative, after the scheme
      bool const also_two = at + 1 < text.size() && is_slash(text[at]) && is_slash(text[at + 1]);
      if (!also_two) return "gateway";
    }
  } else if (text.size() < 2 || !is_slash(text[0]) || !is_slash(text[1])) {
    return "gateway";
  }
  while (at < text.size() && is_slash(text[at])) ++at;
  std::string authority = text.substr(at, text.find_first_of("/\\?#", at) - at);
  authority.erase(0, authority.rfind('@') + 1);
  return authority;
}

struct row {
  char const* name;
  std::string_view uri;
  char const* relative; // nullptr: it stays
};

}

TEST_CASE("a URI that names an upstream becomes one path") {
  std::vector<row> const rows{
      {"doubled slash", "http://proxy:8000//evil.test/x", "/.//evil.test/x"},
      {"doubled slash without scheme", "//proxy:8000//evil.test/x", "/.//evil.test/x"},
      {"backslash", "http://proxy:8000/\\evil.test", "/./\\evil.test"},
      {"backslash without scheme", "//proxy:8000\\/evil.test", "/.//evil.test"},
      {"two backslashes, without scheme", "\\\\proxy:8000\\\\evil.test", "/./\\evil.test"},
      {"slash and backslash, without scheme", "/\\proxy:8000//evil.test", "/.//evil.test"},
      {"many slashes", "///proxy:8000////evil.test", "/.////evil.test"},
      {"a tab between slashes", "http://proxy:8000/\t/evil.test", "/.//evil.test"},
      {"a tab before the slashes", "http://proxy:8000\t//evil.test", "/.//evil.test"},
      {"tabs in host and scheme", "h\tttp:/\t/pro\txy:80\t00//evil.test", "/.//evil.test"},
      {"a line feed", "http://proxy:8000/\n/evil.test", "/.//evil.test"},
      {"a control before it", "\x01\x1fhttp://proxy:8000//evil.test", "/.//evil.test"},
      {"blanks around it", " http://proxy:8000//evil.test ", "/.//evil.test"},
      {"a dot segment", "http://proxy:8000/.//evil.test", "/.//evil.test"},
      {"an encoded slash", "http://proxy:8000/%2f/evil.test", "/%2f/evil.test"},
      {"scheme without slashes", "http:proxy:8000//evil.test", "/.//evil.test"},
      {"scheme and one slash", "https:/proxy:8000//evil.test", "/.//evil.test"},
      {"scheme and one backslash", "http:\\proxy:8000/x", "/x"},
      {"scheme and three slashes", "http:///proxy:8000//evil.test", "/.//evil.test"},
      {"HOST:PORT", "proxy:8000//evil.test", "/.//evil.test"},
      {"HOST:PORT and a path", "Proxy:08000/a?b#c", "/a?b#c"},
      {"HOST:PORT and a query", "proxy:8000?a", "/?a"},
      {"a user", "//a:b@proxy:8000//evil.test", "/.//evil.test"},
      {"an @ behind the authority", "http://proxy:8000/@evil.test/", "/@evil.test/"},
      {"an @ behind a backslash", "http://proxy:8000\\@evil.test/", "/@evil.test/"},
      {"an encoded host", "http://%70ro%78y:8000//evil.test", "/.//evil.test"},
      {"an encoded dot at its end", "http://proxy%2e:8000/x", "/x"},
      {"an empty port", "http://proxy://evil.test", "/.//evil.test"},
      {"a query with slashes", "http://proxy:8000?//evil.test", "/?//evil.test"},
      {"a fragment with slashes", "http://proxy:8000#//evil.test", "/#//evil.test"},
      {"a path that looks like one", "/proxy:8000/x", nullptr},
      {"a relative path with one behind", "a/proxy:8000/x", nullptr},
      {"a name without a port", "proxy/x", nullptr},
      {"another port", "proxy:8001/x", nullptr},
      {"another host behind a scheme", "http:evil.test/x", nullptr},
      {"another host", "//evil.test//proxy:8000/", nullptr},
      {"another host with a backslash", "http://evil.test\\@proxy:8000/", nullptr},
      {"a user that looks like one", "http://proxy:8000@evil.test/", nullptr},
      {"other schemes", "javascript:proxy:8000", nullptr},
      {"a percent sign without digits", "http://proxy%:8000/", nullptr},
  };
  upstream_question const question = is_upstream;
  for (row const& r : rows) {
    INFO(r.name << ": " << r.uri);
    auto const relative = relative_reference(r.uri, question);
    CHECK(relative.value_or("-") == (r.relative ? r.relative : "-"));
    if (relative)
      for (char const* page : {"http", "https"}) CHECK(authority_of(*relative, page) == "gateway");
  }
}

TEST_CASE("a host is read as browsers read it") {
  auto const is_it = [](host_port const& who) {
    return who.text() == "127.0.0.1:8000" || who.text() == "proxy1:8000" || who.text() == "10.1.0.2:80" ||
           who.text() == "127.0.0.1:443" || who.text() == "[::1]:8000";
  };
  for (char const* host : {"127.0.0.1.:8000",
                           "127.1:8000",
                           "127.0.1:8000",
                           "127.1.:8000",
                           "2130706433:8000",
                           "017700000001:8000",
                           "0x7f.0.0.1:8000",
                           "0x7F000001:08000",
                           "0x7f.1:8000",
                           "0177.0.0.1:8000",
                           "0000177.0x.00.0x01:8000",
                           "127.0.0.01:8000",
                           "%31%32%37.1:8000",
                           "１２７.0.0.1:8000",
                           "127。0。0。1:8000",
                           "127．0｡0。1:8000",
                           "%EF%BC%91%EF%BC%92%EF%BC%97%E3%80%821:8000",
                           "①②⑦.⓪.0.¹:8000",
                           "𝟏𝟐𝟕.𝟘.𝟬.𝟷:8000",
                           "🯱27.₀.⁰.1:8000",
                           "1\u00ad27.0.0.1\u200b:8000",
                           "ｐｒｏｘｙ１:8000",
                           "ＰＲＯＸＹ1:8000",
                           "𝓹𝕣ⓞⅹ𝙮1:8000",
                           "ⓟℝℴⅩ\u2060y1。:8000",
                           "u@10.1.2",
                           "10.0x10002",
                           "10.1.2:",
                           "0x0a010002",
                           "[::1]:8000",
                           "[0::0.0.0.1]:8000"}) {
    INFO(host);
    CHECK(relative_reference(std::string("http://") + host + "//a", is_it) == "/.//a");
    CHECK(relative_reference(std::string("ws://") + host + "/a", is_it) == "/a");
  }
  for (char const* host : {"127.0.0.1:8001",
                           "127.2:8000",
                           "127.0.0.0.1:8000",
                           "127.256:80000",
                           "127..1:8000",
                           "127.0.0.1..:8000",
                           "0x7g.1:8000",
                           "0189.0.0.1:8000",
                           "4294967296:8000",
                           "256.0.0.1:8000",
                           "127.0.0.256:8000",
                           "127.0.65536:8000",
                           "18446744073709551616:8000",
                           "127.1.example:8000",
                           "127.1x:8000",
                           ".127.1:8000",
                           "0x:8000",
                           ":8000",
                           "",
                           "2130706434:8000",
                           "①②.1:8000",
                           "proxy\u0142:8000",
                           "\xff\xc2:8000",
                           "\xef\xbc:8000",
                           "[127.1]:8000",
                           "proxy:8000"}) {
    INFO(host);
    CHECK_FALSE(relative_reference(std::string("http://") + host + "/a", is_it));
  }
  for (char const* uri : {"ws://proxy1:8000/a", "WSS://proxy1:8000/a", "ws:proxy1:8000/a", "wss:\\proxy1:8000/a",
                          "wss://127.1/a", "ftp://127.0.0.1:8000/a", "FTP:///u@proxy1:8000\\a", "w\tss://127.1/a"}) {
    INFO(uri);
    CHECK(relative_reference(uri, is_it).value_or("-").substr(1) == "a");
  }
  for (char const* uri :
       {"ws://127.1/a", "wss://proxy1/a", "ftp://10.1.2/a", "gopher://10.1.2/a", "ws:/a", "wsx:10.1.2"})
    CHECK_FALSE(relative_reference(uri, is_it));
}

TEST_CASE("whatever a URI is made of, a browser gets neither to an upstream nor elsewhere by what we made of it") {
  static constexpr std::string_view pieces[] = {
      "/", "\\", "\t", " ", ".", "..", "%2f", "http:", "//", "?", "@", "HTTPS:", "#", "proxy:8000", "evil.test", "a"};
  constexpr std::size_t base = std::size(pieces);
  std::size_t changed = 0, wrong = 0, shown = 0;
  upstream_question const question = is_upstream;
  for (std::size_t code = 0; code != base * base * base * base * base; ++code) {
    std::string uri;
    for (std::size_t rest = code, i = 0; i != 5; ++i, rest /= base) uri.append(pieces[rest % base]);
    auto const relative = relative_reference(uri, question);
    for (char const* page : {"http", "https"}) {
      bool const is_wrong = relative && authority_of(*relative, page) != "gateway";
      bool const is_shown = !relative && authority_of(uri, page) == "proxy:8000";
      if ((is_wrong && ++wrong < 10) || (is_shown && ++shown < 10)) {
        INFO(uri << " on a page of " << page << " became " << relative.value_or("-"));
        CHECK_FALSE(is_wrong);
        CHECK_FALSE(is_shown);
      }
    }
    if (relative) ++changed;
  }
  CHECK(changed > 1000);
  CHECK(wrong == 0);
  CHECK(shown == 0);
}

TEST_CASE("Refresh and Link are read as browsers read them") {
  using enum boost::beast::http::field;
  struct field_row {
    boost::beast::http::field id;
    std::string_view value, outward;
  };
  std::vector<field_row> const rows{
      {unknown, "0;url=http://proxy:8000//evil.test", "0;url=/.//evil.test"},
      {unknown, "5 ; URL = 'http://proxy:8000/a;b'", "5 ; URL = '/a;b'"},
      {unknown, "0 url=http://proxy:8000/a;b", "0 url=/a;b"},
      {unknown, "0 http://proxy:8000/a", "0 /a"},
      {unknown, ".5,\"//proxy:8000//evil.test\"x", ".5,\"/.//evil.test\"x"},
      {unknown, "1.5\turl=http:proxy:8000/a", "1.5\turl=/a"},
      {unknown, "0;proxy:8000/a", "0;/a"},
      {unknown, "0http://proxy:8000/a", "0http://proxy:8000/a"}, // which no browser follows
      {unknown, "url=http://proxy:8000/a", "url=http://proxy:8000/a"},
      {unknown, "5", "5"},
      {unknown, "", ""},
      {link, "<http:proxy:8000//evil.test>; rel=next", "</.//evil.test>; rel=next"},
      {link, "< //proxy:8000/\\evil.test >; rel=a, </x>", "</./\\evil.test>; rel=a, </x>"},
      {link, "</x>; rel=a; anchor=\"http://proxy:8000//evil.test\"; title=\"b\"",
       "</x>; rel=a; anchor=\"/.//evil.test\"; title=\"b\""},
      {link, "</x>;anchor=http://proxy:8000/a;rel=b", "</x>;anchor=/a;rel=b"},
      {link, "<http://proxy:8000/x> ; ANCHOR\t= \"//proxy:8000/a\", </y>; anchor=\"ws://proxy/b\"",
       "</x> ; ANCHOR\t= \"/a\", </y>; anchor=\"/b\""},
      {link, "</x>; anchor=\"proxy:8000/a", "</x>; anchor=\"/a"},
      {link, "</x>; anchor=http://proxy:8000, </y>; rel=a", "</x>; anchor=/, </y>; rel=a"},
      {link, "</x>; anchor=\"http://other/a\"; rel=b", "</x>; anchor=\"http://other/a\"; rel=b"},
      {link, "</x>; anchors=\"http://proxy:8000/a\"; my-anchor=http://proxy/",
       "</x>; anchors=\"http://proxy:8000/a\"; my-anchor=http://proxy/"},
      {link, "</x>; anchor", "</x>; anchor"},
      {link, "</x>; anchor=", "</x>; anchor="},
      {link, "</x>; anchor=\"\"; rel=a;", "</x>; anchor=\"\"; rel=a;"},
      {link, "<>; rel=a, <", "<>; rel=a, <"},
      {content_location, "//proxy:8000//evil.test", "/.//evil.test"},
      {location, "\\\\proxy:8000/a", "/a"},
  };
  upstream_question const question = is_upstream;
  for (field_row const& r : rows) {
    INFO(r.value);
    outward_value const out = without_upstreams(r.id, "Refresh", r.value, question);
    CHECK((out.what == outward_value::kind::changed ? out.value : std::string(r.value)) == r.outward);
  }
}
