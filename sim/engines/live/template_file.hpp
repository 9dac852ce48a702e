#pragma once

#include "sim/engines/live/balancer_place.hpp"
#include "sim/engines/live/filled_template.hpp"

#include <filesystem>
#include <string>

namespace sim::live {

/// Throws `config::bad_input` when it cannot be read.
std::string read_template(std::filesystem::path const& file);

/// proxy_address, proxy_host, proxy_port and proxy_index of each proxy: what every kind of template may have.
decltype(template_values::each_proxy) values_of_proxies(balancer_place const& place);

}
