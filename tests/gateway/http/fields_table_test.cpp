// The tables of docs/gateway.md that say what becomes of fields and of answers: each of their rows is tried here, and
// what is tried here is in them.
#include "gateway/http/answer_faults.hpp"
#include "gateway/http/forward.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <set>
#include <string>
#include <vector>

using namespace gateway::http;

namespace {

/// What stands in backticks in the first column of the table below the heading.
std::set<std::string> documented(std::string const& heading) {
  std::ifstream in(std::string(CREST_SOURCE_DIR) + "/docs/gateway.md");
  std::set<std::string> names;
  bool here = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) here = line == heading;
    if (!here || !line.starts_with("| `")) continue;
    std::string const cell = line.substr(1, line.find(" | ") - 1);
    for (std::size_t open = cell.find('`'); open != std::string::npos;) {
      std::size_t const close = cell.find('`', open + 1);
      names.insert(cell.substr(open + 1, close - open - 1));
      open = cell.find('`', close + 1);
    }
  }
  return names;
}

std::vector<std::string> lines_of(std::string const& head) {
  std::vector<std::string> lines;
  for (std::size_t at = head.find("\r\n") + 2; at < head.size() - 2;) {
    std::size_t const end = head.find("\r\n", at);
    lines.push_back(head.substr(at, end - at));
    at = end + 2;
  }
  return lines;
}

/// Those of them whose names begin so, joined by `|`.
std::string named(std::vector<std::string> const& lines, std::string const& prefix) {
  std::string out;
  for (std::string const& line : lines)
    if (line.starts_with(prefix)) out += (out.empty() ? "" : "|") + line;
  return out;
}

std::string many_lines(int count) {
  std::string out;
  for (int i = 0; i != count; ++i) out += "A: b\r\n";
  return out;
}

bool is_upstream(host_port const& who) { return who.text() == "proxy:8000" || who.text() == "[::1]:80"; }

struct row {
  char const* field;    // as in the table
  char const* lines;    // each with its CRLF
  char const* prefix;   // of the lines that are looked at afterwards
  char const* expected; // all of these, joined by `|`
};

}

TEST_CASE("each row of the table of fields holds for requests") {
  struct request_row : row {
    char const* method = "GET";
    bool believed = true;
  };
  std::vector<request_row> const rows{
      {{"Connection", "Connection: keep-alive\r\n", "Connection", ""}},
      {{"Keep-Alive", "Keep-Alive: timeout=5\r\n", "Keep", ""}},
      {{"Proxy-Connection", "Proxy-Connection: keep-alive\r\n", "Proxy", ""}},
      {{"TE", "TE: trailers, gzip\r\nConnection: TE\r\n", "TE", ""}},
      {{"Trailer", "Trailer: Expires\r\n", "Trailer", ""}},
      {{"Transfer-Encoding", "Transfer-Encoding: chunked\r\n", "Transfer", ""}},
      {{"Upgrade", "Upgrade: websocket\r\nConnection: upgrade\r\n", "Upgrade", ""}},
      {{"HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__\r\n", "HTTP2", ""}},
      {{"any field that Connection names", "Connection: close, X-Own\r\nX-Own: 1\r\n", "X-Own", ""}},
      {{"any field that Connection names", "Connection: authorization\r\nAuthorization: Bearer t\r\n", "Authorization",
        "Authorization: Bearer t"}},
      {{"Host", "", "Host", "Host: lab.example"}},
      {{"Via", "", "Via", "Via: 1.1 crest-gateway"}},
      {{"Via", "Via: 1.0 a\r\nVia: 1.1 b\r\n", "Via", "Via: 1.0 a, 1.1 b, 1.1 crest-gateway"}},
      {{"X-Forwarded-For", "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n", "X-Forwarded-For",
        "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 9.9.9.9"}},
      {{"X-Forwarded-For", "X-Forwarded-For: 1.1.1.1\r\n", "X-Forwarded-For", "X-Forwarded-For: 9.9.9.9"},
       "GET",
       false},
      {{"X-Forwarded-For", "X_Forwarded_For: 1.1.1.1\r\n", "X_", ""}},
      {{"X-Forwarded-Proto", "X-Forwarded-Proto: https\r\n", "X-Forwarded-Proto", "X-Forwarded-Proto: http"}},
      {{"X-Forwarded-Proto", "x_forwarded_proto: https\r\n", "x_", ""}},
      {{"X-Forwarded-Host", "X-Forwarded-Host: evil\r\n", "X-Forwarded-Host", "X-Forwarded-Host: lab.example"}},
      {{"X-Request-Id", "X-Request-Id: mine\r\n", "X-Request-Id", "X-Request-Id: mine"}},
      {{"X-Request-Id", "X-Request-Id: not mine\r\n", "X-Request-Id", "X-Request-Id: made"}},
      {{"Forwarded", "Forwarded: for=1.1.1.1\r\n", "Forwarded", "Forwarded: for=1.1.1.1"}},
      {{"Forwarded", "Forwarded: for=1.1.1.1\r\n", "Forwarded", ""}, "GET", false},
      {{"Content-Length", "Content-Length: 007\r\n", "Content-Length", "Content-Length: 7"}, "POST"},
      {{"Expect", "Expect: 100-continue\r\n", "Expect", ""}, "POST"},
      {{"Max-Forwards", "Max-Forwards: 10\r\n", "Max", "Max-Forwards: 9"}, "OPTIONS"},
      {{"Max-Forwards", "Max-Forwards: 1\r\n", "Max", "Max-Forwards: 0"}, "OPTIONS"},
      {{"Max-Forwards", "Max-Forwards: 99999999999999999999999\r\n", "Max", "Max-Forwards: 18446744073709551614"},
       "OPTIONS"},
      {{"Max-Forwards", "Max-Forwards: 0\r\n", "Max", "Max-Forwards: 0"}},
      {{"Max-Forwards", "Max-Forwards: many\r\n", "Max", "Max-Forwards: many"}, "POST"},
      {{"Proxy-Authorization", "Proxy-Authorization: Basic x\r\n", "Proxy", ""}},
      {{"Proxy", "Proxy: http://evil/\r\n", "Proxy", ""}},
      {{"Proxy-Authenticate", "Proxy-Authenticate: x\r\n", "Proxy", "Proxy-Authenticate: x"}},
      {{"Proxy-Authentication-Info", "Proxy-Authentication-Info: x\r\n", "Proxy", "Proxy-Authentication-Info: x"}},
      {{"X-Accel-*", "X-Accel-Redirect: /internal_redirect/a:1/\r\nx_accel_once: 1\r\n", "X-Accel", ""}},
      {{"X-Backend", "X-Backend: http://a:1\r\nX_BACKEND: http://a:1\r\n", "X-B", ""}},
      {{"X-Session-*", "X-Session-Epoch: 1\r\n", "X-S", ""}},
      {{"Location", "Location: http://proxy:8000/x\r\n", "Location", "Location: http://proxy:8000/x"}},
      {{"Content-Location", "Content-Location: /x\r\n", "Content-Loc", "Content-Location: /x"}},
      {{"Link", "Link: <a>; rel=b\r\n", "Link", "Link: <a>; rel=b"}},
      {{"Refresh", "Refresh: 5\r\n", "Refresh", "Refresh: 5"}},
      {{"Alt-Svc", "Alt-Svc: clear\r\n", "Alt", "Alt-Svc: clear"}},
      {{"Date", "Date: x\r\n", "Date", "Date: x"}},
      {{"Date", "", "Date", ""}},
      {{"Strict-Transport-Security", "Strict-Transport-Security: x\r\n", "Strict", "Strict-Transport-Security: x"}},
      {{"Vary", "Vary: x\r\n", "Vary", "Vary: x"}},
      {{"Authorization", "Authorization: Bearer t\r\n", "Auth", "Authorization: Bearer t"}},
      {{"any other field", "Cookie: a\r\nCookie: b\r\n", "Cookie", "Cookie: a|Cookie: b"}},
      {{"any other field", "Server: x\r\nWarning: 199 - x\r\n", "Warning", "Warning: 199 - x"}},
      {{"any other field", "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n", "Range", "Range: bytes=0-1"}},
      {{"any field with an odd name", "X_Real_IP: 1.1.1.1\r\nCONTENT_LENGTH: 5\r\nfoo_bar: 1\r\n", "X_", ""}},
      {{"any field with an odd name", "Proxy_Connection: x\r\nlab.version: 1\r\nAccept.Encoding: x\r\n", "Acc", ""}},
      {{"any field with an odd name", "app.version: 1\r\n", "app", ""}},
      {{"any other field", "X-Real-IP: 1.1.1.1\r\n", "X-Real", "X-Real-IP: 1.1.1.1"}},
  };
  std::set<std::string> tried;
  for (request_row const& r : rows) {
    INFO(r.field << ": " << r.method << " with " << r.lines);
    tried.insert(r.field);
    std::string const wire = std::string(r.method) + " /x HTTP/1.1\r\nHost: lab.example\r\n" + r.lines + "\r\n";
    message_head head;
    request_parser parser(head);
    error_code ec;
    REQUIRE(parser.parse_head(wire.data(), wire.size(), ec));
    request_summary summary;
    refusal_words const refused = summarise(head, wire.data(), summary);
    INFO(refused.detail);
    REQUIRE(refused.status == 0);
    std::optional<std::uint64_t> length;
    if (auto const stated = parser.content_length()) length = *stated;
    std::string out;
    append_request_head(
        out, head, wire.data(), summary,
        {.peer_address = "9.9.9.9", .keep_forwarded_for = r.believed, .request_id = "made", .body_length = length});
    CHECK(named(lines_of(out), r.prefix) == r.expected);
  }
  std::set<std::string> const in_docs = documented("### Fields");
  CHECK(in_docs.size() > 20);
  CHECK(tried == in_docs);
}

TEST_CASE("each row of the table of fields holds for answers") {
  struct answer_row : row {
    unsigned status = 200;
    answer_framing framing = answer_framing::length;
    char const* hsts = "";
    char const* vary = "";
  };
  std::vector<answer_row> const rows{
      {{"Connection", "Connection: keep-alive\r\n", "Connection", ""}},
      {{"Keep-Alive", "Keep-Alive: timeout=5\r\n", "Keep", ""}},
      {{"Proxy-Connection", "Proxy-Connection: keep-alive\r\n", "Proxy", ""}},
      {{"TE", "TE: x\r\n", "TE", ""}},
      {{"Trailer", "Trailer: Expires\r\n", "Trailer", ""}},
      {{"Transfer-Encoding", "Transfer-Encoding: Chunked\r\n", "Transfer", "Transfer-Encoding: chunked"},
       200,
       answer_framing::chunked},
      {{"Upgrade", "Upgrade: h2c\r\n", "Upgrade", ""}, 426},
      {{"HTTP2-Settings", "HTTP2-Settings: x\r\n", "HTTP2", ""}},
      {{"any field that Connection names", "Connection: X-Own\r\nX-Own: 1\r\n", "X-Own", ""}},
      {{"any field that Connection names", "Connection: content-length\r\nContent-Length: 1\r\n", "Content",
        "Content-Length: 1"}},
      {{"Host", "Host: x\r\n", "Host", "Host: x"}},
      {{"Via", "Via: 1.1 x\r\n", "Via", "Via: 1.1 x"}},
      {{"X-Forwarded-For", "X-Forwarded-For: x\r\n", "X-F", "X-Forwarded-For: x"}},
      {{"X-Forwarded-Proto", "X-Forwarded-Proto: x\r\n", "X-F", "X-Forwarded-Proto: x"}},
      {{"X-Forwarded-Host", "X-Forwarded-Host: x\r\n", "X-F", "X-Forwarded-Host: x"}},
      {{"X-Request-Id", "X-Request-Id: x y\r\n", "X-R", "X-Request-Id: x y"}},
      {{"Forwarded", "Forwarded: x\r\n", "Forw", "Forwarded: x"}},
      {{"Content-Length", "Content-Length: 2, 2\r\n", "Content", "Content-Length: 2"}},
      {{"Content-Length", "Content-Length: 2 ,\t02\r\nContent-Length: 2\r\n", "Content", "Content-Length: 2"}},
      {{"Content-Length", "Content-Length: 0002\r\n", "Content", "Content-Length: 2"}},
      {{"Content-Length", "Content-Length: 5, 5\r\n", "Content", "Content-Length: 5"}, 304, answer_framing::none},
      {{"Content-Length", "Content-Length: 5\r\n", "Content", ""}, 204, answer_framing::none},
      {{"Content-Length", "Content-Length: 0\r\n", "Content", ""}, 103, answer_framing::none},
      {{"Content-Length", "Content-Length: 0\r\n", "Content", "Content-Length: 0"}, 205},
      {{"Expect", "Expect: x\r\n", "Exp", "Expect: x"}},
      {{"Max-Forwards", "Max-Forwards: 0\r\n", "Max", "Max-Forwards: 0"}},
      {{"Proxy-Authorization", "Proxy-Authorization: x\r\n", "Proxy", "Proxy-Authorization: x"}},
      {{"Proxy", "Proxy: x\r\n", "Proxy", "Proxy: x"}},
      {{"Proxy-Authenticate", "Proxy-Authenticate: Basic\r\n", "Proxy", ""}, 407},
      {{"Proxy-Authentication-Info", "Proxy-Authentication-Info: x\r\n", "Proxy", ""}},
      {{"X-Accel-*", "X-Accel-Buffering: no\r\nX_Accel_Expires: 1\r\n", "X", ""}},
      {{"X-Backend", "X-Backend: http://a:1\r\n", "X", ""}},
      {{"X-Session-*", "X-Session-Epoch: 1\r\nx-session-corporation: 7\r\n", "X", ""}},
      {{"Location", "Location: http://proxy:8000/a?b#c\r\n", "Location", "Location: /a?b#c"}, 302},
      {{"Location", "Location: http://elsewhere:8000/a\r\n", "Location", "Location: http://elsewhere:8000/a"}, 302},
      {{"Content-Location", "Content-Location: http://proxy:8000/a\r\n", "Content-Loc", "Content-Location: /a"}},
      {{"Link", "Link: <http://proxy:8000/p2>; rel=next, </p0>; rel=prev\r\n", "Link",
        "Link: </p2>; rel=next, </p0>; rel=prev"}},
      {{"Refresh", "Refresh: 5; url=http://proxy:8000/a\r\n", "Refresh", "Refresh: 5; url=/a"}},
      {{"Alt-Svc", "Alt-Svc: h2=\"proxy:8000\"; ma=60\r\n", "Alt", ""}},
      {{"Alt-Svc", "Alt-Svc: h2=\":443\"\r\n", "Alt", "Alt-Svc: h2=\":443\""}},
      {{"Date", "", "Date", "Date: now"}},
      {{"Date", "Date: then\r\n", "Date", "Date: then"}},
      {{"Strict-Transport-Security", "Strict-Transport-Security: x\r\n", "Strict", "Strict-Transport-Security: x"}},
      {{"Strict-Transport-Security", "Strict-Transport-Security: x\r\n", "Strict", "Strict-Transport-Security: ours"},
       200,
       answer_framing::length,
       "ours"},
      {{"Vary", "Vary: a\r\n", "Vary", "Vary: a"}},
      {{"Vary", "Vary: a\r\nVary: X-Session-B\r\n", "Vary", "Vary: ours"}, 200, answer_framing::length, "", "ours"},
      {{"Authorization", "Authorization: x\r\n", "Auth", "Authorization: x"}},
      {{"any field with an odd name", "X_Custom: 1\r\n", "X_", "X_Custom: 1"}},
      {{"any other field", "Set-Cookie: a\r\nX: y\r\nSet-Cookie: b\r\n", "Set", "Set-Cookie: a|Set-Cookie: b"}},
      {{"any other field", "Server: proxy\r\n", "Server", "Server: proxy"}},
      {{"any other field", "Age: 7\r\nWarning: 110 - x\r\n", "Age", "Age: 7"}},
      {{"any other field", "WWW-Authenticate: Basic\r\nRetry-After: 1\r\n", "WWW", "WWW-Authenticate: Basic"}, 401},
      {{"any other field", "Proxy-Status: inner; error=x\r\n", "Proxy", "Proxy-Status: inner; error=x"}, 502},
  };
  std::set<std::string> tried;
  upstream_question const question = is_upstream;
  for (answer_row const& r : rows) {
    INFO(r.field << ": " << r.status << " with " << r.lines);
    tried.insert(r.field);
    std::string const wire = "HTTP/1.1 " + std::to_string(r.status) + " X\r\n" + r.lines + "\r\n";
    message_head head;
    answer_parser parser(head);
    error_code ec;
    REQUIRE(parser.parse_head(wire.data(), wire.size(), ec));
    REQUIRE(fault_of(ec, head, wire.data(), parser).error.empty());
    std::string out;
    append_answer_head(out, head, wire.data(),
                       {.framing = r.framing,
                        .hsts = r.hsts,
                        .vary = r.vary,
                        .date = std::string_view(r.field) == "Date" ? "now" : "",
                        .is_upstream = &question});
    CHECK(named(lines_of(out), r.prefix) == r.expected);
  }
  CHECK(tried == documented("### Fields"));
}

TEST_CASE("each answer that is refused has the error that its row says, and others have none") {
  struct fault_row {
    char const* name; // as in the table
    std::string wire;
    char const* error;
    bool to_head = false;
  };
  std::string const ok = "HTTP/1.1 200 OK\r\n";
  std::vector<fault_row> const rows{
      {"a larger head than max_head", ok + "A: " + std::string(20'000, 'a') + "\r\n\r\n",
       "http_response_header_section_size"},
      {"a larger head than max_head", "HTTP/1.1 200 " + std::string(20'000, 'a') + "\r\n\r\n",
       "http_response_header_section_size"},
      {"more than 1,000 field lines", ok + many_lines(1'001) + "\r\n", "http_response_header_section_size"},
      {"a malformed status line", "HTTP/1.1 OK\r\n\r\n", "http_protocol_error"},
      {"a malformed status line", "HTTP/1.1 2000 OK\r\n\r\n", "http_protocol_error"},
      {"a malformed status line", "SSH-2.0-OpenSSH_9\r\n\r\n", "http_protocol_error"},
      {"a malformed status line", "220 mail.example ESMTP\r\n\r\n", "http_protocol_error"},
      {"a malformed status line", "HTTP/1.1 099 X\r\n\r\n", "http_protocol_error"},
      {"another version than HTTP/1.0 or 1.1", "HTTP/2.0 200 OK\r\n\r\n", "http_protocol_error"},
      {"another version than HTTP/1.0 or 1.1", "HTTP/0.9 200 OK\r\n\r\n", "http_protocol_error"},
      {"101, which nobody asked for", "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
       "http_protocol_error"},
      {"a malformed field", ok + "A b: c\r\n\r\n", "http_protocol_error"},
      {"a malformed field", ok + "A : c\r\n\r\n", "http_protocol_error"},
      {"a malformed field", ok + ": c\r\n\r\n", "http_protocol_error"},
      {"a malformed field", ok + "no colon\r\n\r\n", "http_protocol_error"},
      {"a malformed field", ok + "A: b\x01" + "c\r\n\r\n", "http_protocol_error"},
      {"a malformed field", ok + "A: b\r c\r\n\r\n", "http_protocol_error"},
      {"a folded field", ok + "A: b\r\n c\r\n\r\n", "http_protocol_error"},
      {"a Content-Length that is not one number", ok + "Content-Length: 2, 3\r\n\r\n", "http_protocol_error"},
      {"a Content-Length that is not one number", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
       "http_protocol_error"},
      {"a Content-Length that is not one number", ok + "Content-Length: -2\r\n\r\n", "http_protocol_error"},
      {"a Content-Length that is not one number", ok + "Content-Length: +2\r\n\r\n", "http_protocol_error"},
      {"a Content-Length that is not one number", ok + "Content-Length:\r\n\r\n", "http_protocol_error"},
      {"a Content-Length that is not one number", ok + "Content-Length: 0x2\r\n\r\n", "http_protocol_error"},
      {"a Content-Length that is not one number", ok + "Content-Length: 99999999999999999999\r\n\r\n",
       "http_protocol_error"},
      {"both Content-Length and Transfer-Encoding", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
       "http_protocol_error"},
      {"both Content-Length and Transfer-Encoding", ok + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
       "http_protocol_error"},
      {"a transfer coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "http_protocol_error"},
      {"a transfer coding besides one chunked", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n",
       "http_response_transfer_coding"},
      {"a transfer coding besides one chunked", ok + "Transfer-Encoding: gzip\r\n\r\n",
       "http_response_transfer_coding"},
      {"a transfer coding besides one chunked", ok + "Transfer-Encoding: identity\r\n\r\n",
       "http_response_transfer_coding"},
  };
  std::set<std::string> tried;
  for (fault_row const& r : rows) {
    INFO(r.name << ": " << r.wire.substr(0, 100));
    tried.insert(r.name);
    message_head head;
    answer_parser parser(head, {.fields = 1'000});
    error_code ec;
    parser.parse_head(r.wire.data(), r.wire.size(), ec);
    answer_fault const fault = fault_of(ec, head, r.wire.data(), parser);
    CHECK(fault.error == r.error);
    CHECK_FALSE(fault.why.empty());
  }
  CHECK(tried == documented("### Answers that are refused"));
  for (std::string const& good :
       {ok + "Content-Length: 2, 2\r\n\r\n", ok + "\r\n", std::string("HTTP/1.0 200 OK\r\n\r\n"),
        std::string("HTTP/1.1 204 X\r\nTransfer-Encoding: gzip\r\n\r\n"), std::string("HTTP/1.1 999 X\r\n\r\n"),
        ok + many_lines(1'000) + "\r\n", std::string("HTTP/1.1 200 \r\n\r\n"), std::string("HTTP/1.1 103 X\r\n\r\n"),
        ok + "A: \xe9\r\n\r\n"}) {
    INFO(good);
    message_head head;
    answer_parser parser(head, {.fields = 1'000});
    error_code ec;
    REQUIRE(parser.parse_head(good.data(), good.size(), ec));
    CHECK(fault_of(ec, head, good.data(), parser).error.empty());
  }
}

TEST_CASE("what names an upstream becomes relative, and never another authority") {
  struct reference_row {
    char const* uri;
    char const* relative; // empty: stays
  };
  auto const r = GENERATE(
      reference_row{"http://proxy:8000/a", "/a"}, reference_row{"HTTP://PROXY:8000/A", "/A"},
      reference_row{"https://proxy:8000/a", "/a"}, reference_row{"//proxy:8000/a", "/a"},
      reference_row{"http://proxy:8000", "/"}, reference_row{"http://proxy:8000?q", "/?q"},
      reference_row{"http://proxy:8000#f", "/#f"}, reference_row{"http://proxy.:8000/a", "/a"},
      reference_row{"http://user:secret@proxy:8000/a", "/a"}, reference_row{"http://a@b@proxy:8000/a", "/a"},
      reference_row{"http://[0:0::1]/a", "/a"}, reference_row{"http://[::1]:80/a", "/a"},
      reference_row{"//[::1]/a", "/a"}, reference_row{"http://proxy:8000//evil/x", "/.//evil/x"},
      reference_row{"http://proxy:8000/\\evil/x", "/./\\evil/x"},
      reference_row{"http://proxy:8000\\\\evil/x", "/./\\evil/x"},
      reference_row{"http://proxy:8000/\t/evil", "/.//evil"}, reference_row{"http://proxy:8000////evil", "/.////evil"},
      reference_row{"http:\\\\proxy:8000\\a", "/a"}, reference_row{"http:///proxy:8000/a", "/a"},
      reference_row{"ht\ttp://proxy:8000/a", "/a"}, reference_row{"/a", ""}, reference_row{"//evil/x", ""},
      reference_row{"http://evil/http://proxy:8000/", ""}, reference_row{"http://proxy:8001/", ""},
      reference_row{"http://proxy:8000@evil/", ""}, reference_row{"http://proxy/", ""},
      reference_row{"gopher://proxy:8000/", ""}, reference_row{"?next=http://proxy:8000/", ""}, reference_row{"", ""});
  INFO(r.uri);
  auto const relative = relative_reference(r.uri, is_upstream);
  CHECK(relative.value_or("") == r.relative);
}

TEST_CASE("an OPTIONS whose Max-Forwards is no number is refused, and one that ends here says so") {
  for (char const* bad : {"", "-1", "1, 2", "1 2", "ten", "0x1", "1.5", "1\r\nMax-Forwards: 1"}) {
    INFO(bad);
    std::string const wire = "OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: " + std::string(bad) + "\r\n\r\n";
    message_head head;
    request_parser parser(head);
    error_code ec;
    REQUIRE(parser.parse_head(wire.data(), wire.size(), ec));
    request_summary summary;
    CHECK(summarise(head, wire.data(), summary).status == 400);
  }
  std::string const wire = "OPTIONS /a HTTP/1.1\r\nHost: h\r\nMax-Forwards: 00\r\n\r\n";
  message_head head;
  request_parser parser(head);
  error_code ec;
  REQUIRE(parser.parse_head(wire.data(), wire.size(), ec));
  request_summary summary;
  CHECK(summarise(head, wire.data(), summary).status == 0);
  CHECK(summary.max_forwards == 0u);
}
