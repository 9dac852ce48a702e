#include "sim/engines/live/nginx_config.hpp"

#include "base/config/document.hpp"
#include "sim/engines/live/paths.hpp"

#include <fstream>
#include <sstream>

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
  std::ifstream in(group.nginx_template);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw config::bad_input(group.nginx_template.string() + ": cannot read the nginx template");
  return text.str();
}

std::string value_of(std::string const& placeholder, nginx_values const& values) {
  if (placeholder == "listen") return values.listen + (values.tls ? " ssl" : "");
  if (placeholder == "tls")
    return values.tls ? "ssl_certificate " + values.tls->certificate.string() + "; ssl_certificate_key " +
                            values.tls->key.string() + ";"
                      : "";
  if (placeholder == "prefix") return values.prefix.string();
  if (placeholder == "modules") return find_nginx_modules().string();
  if (placeholder == "upstreams") {
    std::string lines;
    for (std::string const& upstream : values.upstreams) lines += "server " + upstream + ";\n";
    return lines;
  }
  throw config::bad_input("nginx template: found placeholder {{" + placeholder +
                          "}}; allowed: {{listen}}, {{upstreams}}, {{prefix}}, {{modules}}, {{tls}}");
}

}

std::string nginx_config(scenario::balancer_group const& group, nginx_values const& values) {
  std::string const text = text_of(group);
  if (values.tls && text.find("{{tls}}") == std::string::npos)
    throw config::bad_input(group.nginx_template.string() +
                            ": found no {{tls}}, but load.tls is true; allowed: {{tls}} in the server block, where the "
                            "certificate's lines go");
  std::istringstream lines(text);
  std::string filled;
  for (std::string line; std::getline(lines, line);) {
    std::size_t const first = line.find_first_not_of(" \t");
    bool const comment = first != std::string::npos && line[first] == '#';
    for (std::size_t at = 0; !comment && (at = line.find("{{", at)) != std::string::npos;) {
      std::size_t const end = line.find("}}", at);
      if (end == std::string::npos) break;
      std::string const value = value_of(line.substr(at + 2, end - at - 2), values);
      line.replace(at, end + 2 - at, value);
      at += value.size();
    }
    filled += line + "\n";
  }
  return filled;
}

}
