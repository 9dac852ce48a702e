#include "sim/engines/live/nginx_config.hpp"

#include "sim/engines/live/paths.hpp"

namespace sim::live {
namespace {

std::string text_of(scenario::balancer_group const& group) {
  switch (group.nginx_config) {
  case scenario::nginx_rules::guess:
    return std::string(article_guess_conf);
  case scenario::nginx_rules::lua_map:
    return std::string(article_lua_conf);
  case scenario::nginx_rules::own_template:
    break;
  }
  return read_template(group.nginx_template);
}

/// They refer to `place`.
config::template_values values_of(balancer_place const& place) {
  config::template_values values;
  values.once = {{"listen", [&place] { return place.listen + (place.tls ? " ssl" : ""); }},
                 {"prefix", [&place] { return place.prefix.string(); }},
                 {"modules", [] { return find_nginx_modules().string(); }},
                 {"upstreams",
                  [&place] {
                    std::string lines;
                    for (std::string const& upstream : place.upstreams)
                      lines += (lines.empty() ? "server " : "\nserver ") + upstream + ";";
                    return lines;
                  }},
                 {"tls", [&place] {
                    if (!place.tls) return std::string();
                    return "ssl_certificate " + place.tls->certificate.string() + "; ssl_certificate_key " +
                           place.tls->key.string() + ";";
                  }}};
  values.each = values_of_proxies(place);
  return values;
}

std::vector<config::needed_placeholder> needed_by(balancer_place const& place) {
  std::vector<config::needed_placeholder> needed = needs_proxies(place, "upstreams");
  needed.push_back({{"listen"}, "where nginx has to listen"});
  if (place.tls)
    needed.push_back({{"tls"}, "where the certificate's lines go in the server block, but load.tls is true"});
  return needed;
}

}

std::string nginx_template_name(scenario::balancer_group const& group) {
  if (group.nginx_config == scenario::nginx_rules::own_template) return group.nginx_template.string();
  return "nginx configuration \"" + std::string(name_of(group.nginx_config)) + "\"";
}

void check_nginx_template(scenario::balancer_group const& group, balancer_place const& place, config::faults& found) {
  found.good([&] {
    config::check_placeholders(text_of(group), nginx_template_name(group), values_of(place), needed_by(place), found);
  });
}

config::filled_text nginx_config(scenario::balancer_group const& group, balancer_place const& place) {
  config::faults found;
  check_nginx_template(group, place, found);
  found.throw_first();
  return config::fill(text_of(group), nginx_template_name(group), values_of(place));
}

std::vector<std::string> nginx_arguments(balancer_place const& place) {
  return {"-p", place.prefix.string(),
          "-c", place.config.string(),
          "-e", "stderr",
          "-g", "daemon off; master_process off;"};
}

}
