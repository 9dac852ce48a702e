#include "base/journal/records.hpp"
#include "fakeproxy/resources/echo.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace fakeproxy::resources;

TEST_CASE("a target is escaped so that every byte can be told apart") {
  CHECK(escape_target("/a/b?c=d&e#f") == "/a/b?c=d&e#f");
  CHECK(escape_target("/a%20b") == "/a%2520b");
  CHECK(escape_target("/a b\r\n\x7f\xc3\xa9") == "/a%20b%0D%0A%7F%C3%A9");
  CHECK(escape_target("").empty());
}

TEST_CASE("the fields digest takes in the fields that must arrive, and no others") {
  fields_digest reference;
  reference.add("Accept", "*/*");
  reference.add("Lab-Marker", "1");

  fields_digest same;
  same.add("Host", "x");
  same.add("aCCEPT", "*/*");
  same.add("Lab-Request", "17");
  same.add("X-Request-Id", "y");
  same.add("LAB-marker", "1");
  CHECK(same.text() == reference.text());

  auto const digest = [](std::initializer_list<std::pair<char const*, char const*>> fields) {
    fields_digest d;
    for (auto const& [name, value] : fields) d.add(name, value);
    return d.text();
  };
  CHECK(digest({{"Accept", "*/*"}}) != reference.text());
  CHECK(digest({{"Lab-Marker", "1"}, {"Accept", "*/*"}}) != reference.text());
  CHECK(digest({{"Accept", "*/"}, {"Lab-Marker", "1"}}) != reference.text());
  for (auto const* name : {"Authorization", "Accept", "Accept-Language", "Content-Type", "Cookie", "Lab-Anything"})
    CHECK(digest({{name, "v"}}) != digest({}));
  CHECK(reference.text().size() == 16);
}

TEST_CASE("the body digest does not depend on how the body is cut, and sees every change") {
  std::string body;
  for (int i = 0; i < 40; ++i) body += static_cast<char>(i * 7);
  auto const whole = [](std::string_view text) {
    body_digest d;
    d.add(text);
    return d.text();
  };
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    body_digest d;
    d.add(std::string_view(body).substr(0, cut));
    d.add(std::string_view(body).substr(cut));
    CHECK(d.text() == whole(body));
    CHECK(d.length() == body.size());
    if (cut < body.size()) {
      CHECK(whole(std::string_view(body).substr(0, cut)) != whole(body));
      std::string changed = body;
      changed[cut] = static_cast<char>(changed[cut] ^ 1);
      CHECK(whole(changed) != whole(body));
    }
  }
  CHECK(whole(body).substr(0, 3) == "40-");
  CHECK(whole(std::string(3, '\0')) != whole(std::string(4, '\0')));
}

TEST_CASE("an answer's body has the asked size, begins and ends with its marks, and is JSON") {
  for (std::size_t const size : {0u, 10u, 60u, 256u, 70000u}) {
    std::string const body = answer_body(123, 45, size);
    CHECK(body.rfind(R"({"request":123,"character":45,"pad":")", 0) == 0);
    CHECK(body.size() >= size);
    if (size >= 60) CHECK(body.size() == size);
    auto const json = nlohmann::json::parse(body);
    CHECK(json["end"] == 123);
  }
  CHECK(answer_body(0, journal::no_character, 0) == R"({"request":0,"character":null,"pad":"","end":0})");
}
