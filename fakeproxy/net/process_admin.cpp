// The admin endpoint of a process, as docs/wire.md says.
#include "fakeproxy/net/process.hpp"

#include <algorithm>

namespace fakeproxy::net {

namespace {

using json = nlohmann::json;

std::string error_text(std::string const& what) { return json{{"error", what}}.dump(); }

/// `proxy%5B0%5D` as `proxy[0]`.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<cluster::character_id> characters_of(json const& body) {
  std::vector<cluster::character_id> characters;
  for (json const& c : body.at("characters"))
    characters.push_back(static_cast<cluster::character_id>(c.get<std::uint32_t>()));
  return characters;
}

/// `proxy[2]` as 2; nothing for "random".
std::optional<std::uint16_t> destination(std::string const& to) {
  if (to == "random") return std::nullopt;
  if (!to.starts_with("proxy[") || !to.ends_with(']'))
    throw std::invalid_argument("'to' is neither a proxy nor random");
  return static_cast<std::uint16_t>(std::stoul(to.substr(6, to.size() - 7)));
}

}

void process::on_admin(admin_server::request const& request, admin_server::respond respond) {
  std::string_view const target(request.target().data(), request.target().size());
  try {
    if (target == "/counters") {
      auto nodes = json::array();
      for (auto const& s : sols_) nodes.push_back(s->counters());
      for (auto const& p : proxies_) nodes.push_back(p->counters());
      return respond(200, json{{"nodes", nodes}}.dump());
    }
    if (target == "/metrics") {
      auto const accept = request[boost::beast::http::field::accept];
      metrics::format const format = metrics::format_for({accept.data(), accept.size()});
      return respond(admin_server::answer{200, metrics_text(format), metrics::content_type(format)});
    }
    constexpr std::string_view prefix = "/nodes/";
    std::size_t const slash = target.rfind('/');
    if (!target.starts_with(prefix) || slash < prefix.size()) return respond(404, error_text("no such path"));
    std::string const node = unescape(target.substr(prefix.size(), slash - prefix.size()));
    on_node(node, target.substr(slash + 1), request, respond);
  } catch (std::exception const& bad) {
    respond(400, error_text(bad.what()));
  }
}

void process::on_node(std::string_view node, std::string_view action, admin_server::request const& request,
                      admin_server::respond const& respond) {
  auto const named = [&](auto const& candidate) { return candidate->node_name() == node; };
  auto const proxy = std::find_if(proxies_.begin(), proxies_.end(), named);
  auto const sol = std::find_if(sols_.begin(), sols_.end(), named);
  bool const post = request.method() == boost::beast::http::verb::post;
  if (proxy != proxies_.end() && action == "logins" && post) {
    (*proxy)->pin(characters_of(json::parse(request.body())), [respond](std::size_t granted) {
      respond(200, json{{"granted", granted}}.dump());
    });
  } else if (proxy != proxies_.end() && action == "partitions" && post) {
    json const body = json::parse(request.body());
    auto const sols = body.at("sols").get<std::vector<std::uint32_t>>();
    double const for_ms = body.at("for_ms").get<double>();
    if (!std::all_of(sols.begin(), sols.end(), [&](std::uint32_t s) { return s < (*proxy)->sol_count(); }))
      return respond(400, error_text("there is no such sol"));
    if (!(for_ms > 0) || for_ms > 1e9) return respond(400, error_text("'for_ms' is not above 0, or above 10^9"));
    bool const breaks = body.value("connections", std::string("kept")) == "broken";
    for (std::uint32_t const s : sols) (*proxy)->part(s, static_cast<cluster::duration>(for_ms * 1e6), breaks);
    respond(200, "{}");
  } else if (sol != sols_.end() && action == "moves" && post) {
    json const body = json::parse(request.body());
    auto const characters = characters_of(body);
    if (!std::all_of(characters.begin(), characters.end(), [&](auto c) { return (*sol)->has(c); }))
      return respond(400, error_text("a character is not of this sol's shard"));
    (*sol)->move(characters, destination(body.value("to", std::string("random"))), [respond](std::size_t moved) {
      respond(200, json{{"moved", moved}}.dump());
    });
  } else if (sol != sols_.end() && action == "notifications" && post) {
    (*sol)->notify(json::parse(request.body()).at("rate_rps").get<double>());
    respond(200, "{}");
  } else if (sol != sols_.end() && action == "notifications") {
    respond(200, (*sol)->notified().dump());
  } else {
    respond(404, error_text("no such node or action"));
  }
}

}
