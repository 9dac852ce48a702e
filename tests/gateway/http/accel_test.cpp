#include "gateway/http/accel.hpp"
#include "gateway/http/digest.hpp"
#include "gateway/http/target.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway::http;

TEST_CASE("an X-Accel location names a proxy, and anything after it is the target") {
  CHECK(parse_accel_redirect("/internal_redirect/10.0.0.1:8000/a/b?c=d")->text() == "10.0.0.1:8000");
  CHECK(parse_accel_redirect("/internal_redirect/Proxy-1.example:80/")->text() == "proxy-1.example:80");
  CHECK(parse_accel_redirect("/internal_redirect/[::1]:8000/")->text() == "[::1]:8000");
  CHECK(parse_accel_redirect("/internal_redirect/10.0.0.1:8000?x")->text() == "10.0.0.1:8000");
  CHECK(parse_accel_redirect("/internal_redirect/10.0.0.1:8000")->text() == "10.0.0.1:8000");
}

TEST_CASE("a malformed X-Accel location names nobody") {
  for (char const* bad :
       {"", "/", "/internal_redirect/", "/internal_redirect//path", "/internal_redirect/host/path",
        "/internal_redirect/host:/path", "/internal_redirect/host:0/path", "/internal_redirect/host:65536/path",
        "/internal_redirect/host:123456/path", "/internal_redirect/host:80x/path", "/internal_redirect/ho st:80/path",
        "/internal_redirect/a@b:80/path", "/internal_redirect/host:80/a\nb", "/other/host:80/path",
        "http://host:80/path", "/internal_redirect/[::1:80/", "/internal_redirect/[zz]:80/", "/internal_redirect/:80/",
        "/internal_redirect/host:-1/"}) {
    INFO(bad);
    CHECK_FALSE(parse_accel_redirect(bad));
  }
}

TEST_CASE("the internal location is recognised in every spelling that a server could decode to it") {
  for (char const* spelling :
       {"/internal_redirect/h:1/", "/internal_redirect", "/INTERNAL_redirect/x", "//internal_redirect/x",
        "/%69nternal_redirect/x", "/internal%5fredirect/x", "/a/../internal_redirect/x", "/./internal_redirect/x",
        "/..;/internal_redirect/x", "/internal_redirect;a/x", "\\internal_redirect\\x", "/%2569nternal_redirect/x",
        "/internal_redirect%2Fh:1/", "/%2e/internal_redirect/x", "/internal_redirect/../x"}) {
    INFO(spelling);
    CHECK(names_internal_location(spelling));
  }
  for (char const* other : {"/", "/a/internal_redirect/x", "/internal_redirects/x", "/x?/internal_redirect/"}) {
    INFO(other);
    CHECK_FALSE(names_internal_location(other));
  }
}

TEST_CASE("digests depend on every byte of the token and on the key") {
  digest_key const a = random_digest_key(), b = random_digest_key();
  CHECK(digest_token(a, "Bearer x") == digest_token(a, "Bearer x"));
  CHECK_FALSE(digest_token(a, "Bearer x") == digest_token(a, "Bearer y"));
  CHECK_FALSE(digest_token(a, "Bearer x") == digest_token(b, "Bearer x"));
  CHECK(shared_token_hash("Bearer x") == shared_token_hash("Bearer x"));
  CHECK(shared_token_hash("Bearer x") != shared_token_hash("Bearer y"));
}

TEST_CASE("a word that a proxy says twice, and not the same, is malformed") {
  std::string const wire =
      "HTTP/1.1 200 OK\r\nX-Backend: http://a:1\r\nX-Backend: http://b:1\r\n"
      "X-Session-Epoch: 1\r\nX-Session-Epoch: 1\r\n"
      "X-Accel-Redirect: /internal_redirect/a:1/\r\nX-Accel-Redirect: /internal_redirect/b:1/\r\n\r\n";
  message_head head;
  answer_parser parser(head);
  error_code ec;
  REQUIRE(parser.parse_head(wire.data(), wire.size(), ec));
  session_words const words = session_words_of(head, wire.data());
  CHECK_FALSE(parse_backend(words.backend.value()));
  CHECK_FALSE(parse_accel_redirect(words.redirect.value()));
  CHECK(words.epoch == "1");
}

TEST_CASE("what the map keeps of a digest are three quarters of it, and its hash is in them") {
  digest_key const key = random_digest_key();
  token_digest const a = digest_token(key, "Bearer a");
  token_digest low = a, middle = a, high = a;
  low.low ^= 1;
  middle.low ^= std::uint64_t{1} << 63;
  high.high ^= 1u << 31;
  CHECK(map_key(a) == map_key(a));
  for (token_digest const& other : {low, middle, high}) CHECK_FALSE(map_key(a) == map_key(other));
  CHECK(map_key_hash{}(a) == token_digest_hash{}(a));
}
