#pragma once

#include "base/config/template_text.hpp"
#include "sim/engines/live/certificate.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sim::live {

/// Where a balancer that is started from a template is in the run: what its placeholders stand for.
struct balancer_place {
  std::string listen;                 // HOST:PORT
  std::vector<std::string> upstreams; // HOST:PORT
  std::filesystem::path prefix;       // its own directory; exists
  std::filesystem::path config;       // where its configuration is written; need not exist
  std::optional<certificate_files> tls{};
  bool ports_known = false; // of the proxies, since the scenario says them: a template may name them itself
};

/// Throws `config::bad_input` when it cannot be read.
std::string read_template(std::filesystem::path const& file);

/// proxy_address, proxy_host, proxy_port and proxy_index of each proxy: what every kind of template may have.
decltype(config::template_values::each) values_of_proxies(balancer_place const& place);

/// That a template has `all`, or one of the placeholders of a proxy, unless it can know where the proxies are.
std::vector<config::needed_placeholder> needs_proxies(balancer_place const& place, std::string const& all);

}
