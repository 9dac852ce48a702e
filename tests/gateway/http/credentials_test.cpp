// One credential has one spelling, wherever it is compared; two credentials have two.
#include "gateway/http/credentials.hpp"
#include "gateway/http/digest.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace gateway::http;

namespace {

struct spelling {
  char const* name;
  std::string_view value;
  std::string_view normal;
};

std::string text(std::string_view value) { return std::string(normal_credentials(value).text()); }

}

TEST_CASE("credentials are compared in one spelling") {
  std::vector<spelling> const rows{
      {"already so", "Bearer abc", "Bearer abc"},
      {"lower case", "bearer abc", "Bearer abc"},
      {"upper case", "BEARER abc", "Bearer abc"},
      {"mixed case", "bEaReR abc", "Bearer abc"},
      {"two blanks", "Bearer  abc", "Bearer abc"},
      {"a tab", "Bearer\tabc", "Bearer abc"},
      {"blanks and tabs", "BeareR \t \t abc", "Bearer abc"},
      {"blanks behind", "Bearer abc \t", "Bearer abc"},
      {"blanks before", " \tBearer abc", "Bearer abc"},
      {"a scheme with digits and dashes", "scram-SHA-256 abc==", "Scram-sha-256 abc=="},
      {"a scheme that begins with no letter", "1AB x", "1ab x"},
      {"token68 keeps its case and padding", "negotiate QWxhZGRpbjpvcGVu==", "Negotiate QWxhZGRpbjpvcGVu=="},
      {"blanks within what is no token68", "Custom a  b", "Custom a  b"},
      {"one parameter", "Token token=abc", "Token token=\"abc\""},
      {"its name in upper case, in quotes", "token TOKEN=\"abc\"", "Token token=\"abc\""},
      {"with blanks", "Token  token \t= \"abc\" ", "Token token=\"abc\""},
      {"with an escape that is none", "Token token=\"a\\bc\"", "Token token=\"abc\""},
      {"with one that is", "Token token=\"a\\\"\\\\\"", "Token token=\"a\\\"\\\\\""},
      {"in another order", "Digest Realm=x , username=\"U, v\"", "Digest realm=\"x\",username=\"U, v\""},
      {"in the other", "digest username=\"U, v\",realm=\"x\"", "Digest realm=\"x\",username=\"U, v\""},
      {"with empty elements", "Digest , realm=x,, ,username=\"U, v\" ,", "Digest realm=\"x\",username=\"U, v\""},
      {"a value in quotes keeps its case", "Digest realm=\"X\"", "Digest realm=\"X\""},
      {"neither token68 nor parameters", "Bearer a=b=c", "Bearer a=b=c"},
      {"quotes that do not end", "Bearer a=\"b", "Bearer a=\"b"},
      {"an escape at the end", "Bearer a=\"b\\", "Bearer a=\"b\\"},
      {"a name without a value", "Bearer a=,b=c", "Bearer a=,b=c"},
      {"what follows a value", "Bearer a=b c", "Bearer a=b c"},
      {"a scheme alone", "negotiate", "negotiate"},
      {"a key without a scheme", "eyJhbGciOi.eyJzdWIi.SflKxw", "eyJhbGciOi.eyJzdWIi.SflKxw"},
      {"a key without a scheme and with blanks", "a/b c", "a/b c"},
      {"nothing", "", ""},
      {"blanks", "\t ", ""},
  };
  digest_key const key = random_digest_key();
  shared_map_key const shared{};
  for (spelling const& r : rows) {
    INFO(r.name << ": " << r.value);
    CHECK(text(r.value) == r.normal);
    CHECK(text(r.normal) == r.normal);
    CHECK(digest_token(key, r.value) == digest_token(key, r.normal));
    CHECK(shared_token_hash(r.value) == shared_token_hash(r.normal));
    CHECK(shared_name(shared, r.value) == shared_name(shared, r.normal));
  }
}

TEST_CASE("Basic credentials that decode to the same are one") {
  struct one {
    std::string_view normal;
    std::vector<std::string_view> spellings;
  };
  std::vector<one> const rows{
      {"Basic YTpi", {"Basic YTpi=",  "Basic YTpi==", "Basic YTpi=====", "basic YTpi",     "BASIC\tYTpi==",
                      "Basic =YTpi",  "Basic YT=pi",  "Basic Y!Tpi",     "Basic YT-pi",    "Basic YT_pi",
                      "Basic Y.T~pi", "Basic YT pi",  "Basic YT\tpi",    "Basic \"YTpi\"", "Basic 'YTpi'",
                      "Basic YT,pi",  "Basic YT%pi",  "Basic YTpi!",     "Basic YTpi=!",   "Basic !YTpi",
                      "Basic YTpiZ",  "Basic YTpi9=", "Basic YT\\pi",    "Basic Y\xa0Tpi", "Basic YTpi,"}},
      {"Basic YTpiYw",
       {"Basic YTpiYw==", "Basic YTpiYw=", "Basic YTpiYw===", "Basic YTpiYx==", "Basic YTpiYx",
        "Basic YTpiY/==", "Basic YTpiY3", "Basic YTpiY=w==", "Basic YTpiYw==YQ", "Basic YTpiYw==!", "Basic YTpiYz==x=y",
        "Basic YTpiYw=-=", "bASIC  YTpiYw", "Basic YTpi.Yw"}},
      {"Basic YTpiY2Q",
       {"Basic YTpiY2Q=", "Basic YTpiY2R=", "Basic YTpiY2S", "Basic YTpiY2T=", "Basic YTpiY2Q==", "Basic YTpiY2Q=x",
        "Basic YTpiY2Q=YTpi", "Basic YTpi:Y2Q"}},
      {"Basic Oj++/w", {"Basic Oj++/w==", "Basic Oj++/x==", "Basic Oj++ /w"}},
      {"Basic =", {"Basic ==", "Basic !", "Basic \"\"", "Basic A", "Basic -_-"}},
  };
  digest_key const key = random_digest_key();
  for (one const& r : rows) {
    CHECK(text(r.normal) == r.normal);
    for (std::string_view const spelling : r.spellings) {
      INFO(spelling);
      CHECK(text(spelling) == r.normal);
      CHECK(digest_token(key, spelling) == digest_token(key, r.normal));
    }
  }
}

TEST_CASE("credentials that differ stay different") {
  std::vector<std::string_view> const rows{"Bearer abc",
                                           "Bearer ABC",
                                           "Bearer abc=",
                                           "Bearer abc==",
                                           "Basic abc",
                                           "Basic ABC",
                                           "Basic abcd",
                                           "Basic abcdabc",
                                           "Basic ab+c",
                                           "Basic ab/c",
                                           "Basic abc0abcd",
                                           "Basic a=b",
                                           "Basic =",
                                           "Negotiate YTpiYw",
                                           "Negotiate YTpiYw=",
                                           "Negotiate YTpiYx=",
                                           "Bearer YT-pi",
                                           "Bearer YTpi",
                                           "Bearera bc",
                                           "Bearer a bc",
                                           "Bearer",
                                           "bearer",
                                           "abc",
                                           "ABC",
                                           "Token a=b",
                                           "Token a=B",
                                           "Token a=\"b\\\\\"",
                                           "Token a=b, c=d",
                                           "Token a=d, c=b",
                                           "Token a=b,,c",
                                           "Token a=b, a=c",
                                           "Token a=\"b, a=c\"",
                                           "Token a=c, a=b"};
  digest_key const key = random_digest_key();
  for (std::size_t i = 0; i != rows.size(); ++i)
    for (std::size_t j = 0; j != i; ++j) {
      INFO(rows[i] << " and " << rows[j]);
      CHECK_FALSE(digest_token(key, rows[i]) == digest_token(key, rows[j]));
    }
}

TEST_CASE("bytes beyond ASCII are credentials in quotes only") {
  for (std::string_view const good :
       {"Bearer abc", "Digest username=\"J\xe4s\xf8n\"", "Digest a=\"\\\"\xa0\", b=c", ""})
    CHECK(is_ascii_outside_quotes(good));
  for (std::string_view const bad : {"Bearer\xa0"
                                     "abc",
                                     "Bearer abc\x85",
                                     "\xc2\xa0"
                                     "Bearer abc",
                                     "Bearer\xe2\x80\x83"
                                     "abc",
                                     "Digest a=\"b\"\xa0", "Digest a=\"b\\\\\" \xff",
                                     "\xef\xbb\xbf"
                                     "Bearer abc"})
    CHECK_FALSE(is_ascii_outside_quotes(bad));
}
