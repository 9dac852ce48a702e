// What a configuration file may say about the proxies.
#include "base/config/words.hpp"
#include "fakeproxy/net/settings.hpp"

#include <catch2/catch.hpp>

using namespace fakeproxy;
using nlohmann::json;

namespace {

net::proxy_behaviour read(json const& proxy) {
  json const whole = {{"token_key", "000102030405060708090a0b0c0d0e0f"},
                      {"sols", {"127.0.0.1:7000"}},
                      {"nodes", {{{"role", "proxy"}, {"index", 0}, {"listen", "127.0.0.1:0"}}}},
                      {"proxy", proxy}};
  return net::read_settings(config::document::parse(whole.dump(), "f.json")).proxy;
}

std::string complaint(json const& proxy) {
  try {
    read(proxy);
  } catch (config::bad_input const& bad) {
    return bad.what();
  }
  return "none";
}

/// Two resources; the second has `value` at `key`.
json resource(std::string const& key, json const& value) {
  json second = {{"path", "/market"}};
  second[key] = value;
  return {{"resources", {{{"path", "/a"}}, second}}};
}

}

TEST_CASE("resources and corporations are read as they are written") {
  auto const proxy = read({{"answer_bytes", 99},
                           {"resources",
                            {{{"path", "/market"},
                              {"cache_control", "public, s-maxage=30"},
                              {"vary", "Accept-Language, X-Session-Corporation"},
                              {"validators", "both"},
                              {"bytes", 2048},
                              {"changes_every_ms", 1000},
                              {"audience", "corporation"}},
                             {{"path", "/"}}}},
                           {"corporations", {{"count", 20}, {"change_every_ms", 5000}, {"changing", 0.1}}}});
  REQUIRE(proxy.resources.size() == 2);
  resources::resource const& market = proxy.resources[0];
  CHECK(market.path == "/market");
  CHECK(market.cache_control == "public, s-maxage=30");
  CHECK(market.vary == "Accept-Language, X-Session-Corporation");
  CHECK(market.validators == resources::validators::both);
  CHECK(market.bytes == 2048);
  CHECK(market.changes_every == 1000 * cluster::millisecond);
  CHECK(market.audience == resources::audience::corporation);
  resources::resource const& rest = proxy.resources[1];
  CHECK(rest.cache_control.empty());
  CHECK(rest.vary.empty());
  CHECK(rest.validators == resources::validators::none);
  CHECK(rest.bytes == 99);
  CHECK(rest.changes_every == 0);
  CHECK(rest.audience == resources::audience::everyone);
  CHECK(proxy.corporations.count == 20);
  CHECK(proxy.corporations.change_every == 5000 * cluster::millisecond);
  CHECK(proxy.corporations.changing == 0.1);
}

TEST_CASE("without resources and corporations there are none") {
  auto const proxy = read(json::object());
  CHECK(proxy.resources.empty());
  CHECK_FALSE(proxy.corporations.any());
}

TEST_CASE("every distribution of service times is read as it is written") {
  using namespace randomness;
  using namespace std::chrono_literals;
  auto const service = [](json const& what) { return read({{"service_time", what}}).service; };
  CHECK(std::get<constant_time>(service({{"constant", {{"mean_ms", 2}}}})).value == 2ms);
  CHECK(std::get<exponential_time>(service({{"exponential", {{"mean_ms", 0.5}}}})).mean == 500us);
  auto const lognormal = std::get<lognormal_time>(service({{"lognormal", {{"mean_ms", 2}, {"sigma", 0.25}}}}));
  CHECK(lognormal.mean == 2ms);
  CHECK(lognormal.sigma == 0.25);
  auto const pareto = std::get<pareto_time>(service({{"pareto", {{"mean_ms", 3}, {"alpha", 2.5}}}}));
  CHECK(pareto.mean == 3ms);
  CHECK(pareto.alpha == 2.5);
  CHECK(std::get<empirical_time>(service({{"empirical", {{"times_ms", {0, 1, 1, 2.5}}}}})).sorted ==
        std::vector<std::chrono::nanoseconds>{0ms, 1ms, 1ms, 2500us});
}

TEST_CASE("servers work in the order of arrival unless they are to share") {
  CHECK_FALSE(read(json::object()).process.servers.sharing);
  CHECK_FALSE(read({{"discipline", "fifo"}}).process.servers.sharing);
  auto const servers = read({{"servers", 3}, {"discipline", "processor_sharing"}}).process.servers;
  CHECK(servers.sharing);
  CHECK(servers.count == 3);
}

TEST_CASE("what could not be answered as written is refused, with its place") {
  struct row {
    json proxy;
    std::string at, found;
  };
  for (row const& r : std::vector<row>{
           {resource("path", "/a"), "proxy.resources[1].path", "found /a for the second time"},
           {resource("path", "market"), "proxy.resources[1].path", "a path such as /market"},
           {resource("path", "/market/"), "proxy.resources[1].path", "a path such as /market"},
           {resource("path", "/market?x"), "proxy.resources[1].path", "a path such as /market"},
           {resource("path", "/mar ket"), "proxy.resources[1].path", "a path such as /market"},
           {resource("path", ""), "proxy.resources[1].path", "a path such as /market"},
           {resource("cache_control", "public\r\nX: y"), "proxy.resources[1].cache_control", "printable ASCII"},
           {resource("cache_control", "public\n"), "proxy.resources[1].cache_control", "printable ASCII"},
           {resource("cache_control", "a\tb"), "proxy.resources[1].cache_control", "printable ASCII"},
           {resource("cache_control", std::string("a\0b", 3)), "proxy.resources[1].cache_control", "printable ASCII"},
           {resource("cache_control", " public"), "proxy.resources[1].cache_control", "printable ASCII"},
           {resource("vary", "Accept\r\nX: y"), "proxy.resources[1].vary", "names of fields"},
           {resource("vary", "Accept\n"), "proxy.resources[1].vary", "names of fields"},
           {resource("vary", "Accept Cookie"), "proxy.resources[1].vary", "names of fields"},
           {resource("vary", "Accept,"), "proxy.resources[1].vary", "names of fields"},
           {resource("validators", "all"), "proxy.resources[1].validators", "last_modified"},
           {resource("bytes", -1), "proxy.resources[1].bytes", "found -1"},
           {resource("changes_every_ms", -1), "proxy.resources[1].changes_every_ms", "found -1"},
           {resource("audience", "nobody"), "proxy.resources[1].audience", "corporation"},
           {resource("audience", "corporation"), "proxy.resources[1].audience", "without proxy.corporations"},
           {resource("ttl", 1), "proxy.resources[1].ttl", "an unknown key"},
           {{{"service_time", {{"empirical", {{"times_ms", {2, 1}}}}}}},
            "proxy.service_time.empirical.times_ms",
            "less than the one before"},
           {{{"discipline", "lifo"}}, "proxy.discipline", "processor_sharing"},
           {{{"corporations", {{"count", 0}}}}, "proxy.corporations.count", "found 0"},
           {{{"corporations", {{"changing", 0.1}}}}, "proxy.corporations", "no key 'count'"},
           {{{"corporations", {{"count", 2}, {"changing", 1.5}}}}, "proxy.corporations.changing", "found 1.5"},
           {{{"corporations", {{"count", 2}, {"changing", 0.5}}}},
            "proxy.corporations.changing",
            "found 0.5 without change_every_ms"}}) {
    std::string const said = complaint(r.proxy);
    INFO(r.proxy.dump() << " gave: " << said);
    CHECK(said.starts_with("f.json:1: " + r.at + ": "));
    CHECK(said.find(r.found) != std::string::npos);
    CHECK(said.find('\n') == std::string::npos);
  }
}

TEST_CASE("fakeproxy's schema allows the words that are read, no more and no less") {
  json const properties = json::parse(net::config_schema).at("properties");
  json const& resource_keys = properties.at(json::json_pointer("/proxy/properties/resources/items/properties"));
  CHECK(resource_keys.at("validators").at("enum") == json(config::words_of<resources::validators>()));
  CHECK(resource_keys.at("audience").at("enum") == json(config::words_of<resources::audience>()));
  CHECK(properties.at(json::json_pointer("/nodes/items/properties/role/enum")) == json(config::words_of<net::role>()));
}
