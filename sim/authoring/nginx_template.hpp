#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sim::authoring {

/// What a person should know of a line of a configuration of theirs.
struct line_note {
  std::size_t line = 0;
  std::string text;
};

/// A user's nginx configuration as a template of the lab.
struct nginx_template {
  std::string text;
  bool tls = false;             // its clients speak TLS
  std::vector<line_note> notes; // what was left as it is, or left out, by line
};

/// Puts placeholders where `text`, the configuration `file`, has its listening address, its upstreams' servers and the
/// files that nginx writes; the rest stays as it is, to the byte. `directory`: where `file` is, absolute, for what it
/// names by relative paths. A file of one site, without `http`, gets one around it.
///
/// Of several servers the first that passes requests on is kept. Throws `config::bad_input` for a text that nginx would
/// not read, that has the lab's placeholders already, or that passes nothing on.
nginx_template make_nginx_template(std::string_view text, std::string const& file, std::string const& directory);

}
