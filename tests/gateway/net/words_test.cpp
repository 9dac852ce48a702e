// The configuration's schema against the enumerations that its words stand for.
#include "base/config/words.hpp"
#include "gateway/net/settings.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using nlohmann::json;

namespace {

template<class Enum>
void check_words(json const& schema, char const* at) {
  json const& there = schema.at(json::json_pointer(at)).at("enum");
  for (std::string_view const word : config::words_of<Enum>()) {
    INFO("gateway/gateway.schema.json lacks \"" << word << "\" at " << at);
    CHECK(std::find(there.begin(), there.end(), word) != there.end());
  }
  for (json const& word : there) {
    INFO(word << ", which gateway/gateway.schema.json allows at " << at << ", is the name_of of no value");
    CHECK(config::value_of<Enum>(word.get<std::string>()));
  }
}

}

TEST_CASE("the gateway's schema allows the words that are read, no more and no less") {
  json const schema = json::parse(gateway::net::config_schema);
  check_words<gateway::routing::guess_policy>(schema, "/properties/guess");
  check_words<gateway::net::request_buffering>(schema, "/properties/request_buffering");
  check_words<gateway::http::odd_names>(schema, "/properties/underscores_in_fields");
  check_words<gateway::http::accel_path>(schema, "/properties/accel_path");
  check_words<gateway::cache::cookie_rule>(schema, "/properties/cache/oneOf/1/properties/set_cookie");
}
