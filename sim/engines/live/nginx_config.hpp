#pragma once

#include "sim/engines/live/balancer_place.hpp"
#include "sim/scenario/scenario.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sim::live {

/// scenarios/nginx/article-guess.conf and article-lua.conf, built in.
extern std::string_view const article_guess_conf;
extern std::string_view const article_lua_conf;

/// How messages call the template of `group`: its file, or the word of the one built in.
std::string nginx_template_name(scenario::balancer_group const& group);

/// Adds the placeholders that are unknown or missing (scenarios/nginx/article-guess.conf lists them), with file and
/// line, and a template that cannot be read.
void check_nginx_template(scenario::balancer_group const& group, balancer_place const& place, config::faults& found);

/// The configuration of an nginx balancer: its template with the placeholders filled in, and the template's line of
/// each line. Throws `could_not_run` when modules are needed that are not installed, and `config::bad_input` for what
/// `check_nginx_template` finds.
config::filled_text nginx_config(scenario::balancer_group const& group, balancer_place const& place);

/// Arguments of an nginx that stays in the foreground, as one process, with the configuration in `place.config`.
std::vector<std::string> nginx_arguments(balancer_place const& place);

}
