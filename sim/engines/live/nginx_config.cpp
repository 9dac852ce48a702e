#include "sim/engines/live/nginx_config.hpp"

#include "base/config/document.hpp"
#include "sim/engines/live/filled_template.hpp"
#include "sim/engines/live/paths.hpp"
#include "sim/engines/live/template_file.hpp"

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

}

std::string nginx_config(scenario::balancer_group const& group, balancer_place const& place) {
  std::string const text = text_of(group);
  if (place.tls && !has_placeholder(text, "tls"))
    throw config::bad_input(group.nginx_template.string() +
                            ": found no {{tls}}, but load.tls is true; allowed: {{tls}} in the server block, where the "
                            "certificate's lines go");
  template_values values;
  values.once = {{"listen", [&] { return place.listen + (place.tls ? " ssl" : ""); }},
                 {"prefix", [&] { return place.prefix.string(); }},
                 {"modules", [] { return find_nginx_modules().string(); }},
                 {"upstreams",
                  [&] {
                    std::string lines;
                    for (std::string const& upstream : place.upstreams) lines += "server " + upstream + ";\n";
                    return lines;
                  }},
                 {"tls", [&] {
                    if (!place.tls) return std::string();
                    return "ssl_certificate " + place.tls->certificate.string() + "; ssl_certificate_key " +
                           place.tls->key.string() + ";";
                  }}};
  values.each_proxy = values_of_proxies(place);
  return fill_text(text, group.nginx_template.string(), values);
}

}
