#pragma once

#include "sim/engines/live/balancer_place.hpp"
#include "sim/scenario/scenario.hpp"

#include <string>
#include <string_view>

namespace sim::live {

/// scenarios/nginx/article-guess.conf and article-lua.conf, built in.
extern std::string_view const article_guess_conf;
extern std::string_view const article_lua_conf;

/// The configuration of an nginx balancer: its template with the placeholders filled in (scenarios/nginx/
/// article-guess.conf lists them). Throws `could_not_run` when modules are needed that are not installed, and
/// `config::bad_input` for a template that cannot be read or has an unknown placeholder.
std::string nginx_config(scenario::balancer_group const& group, balancer_place const& place);

}
