#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sim::live {

/// What an nginx configuration does with a failure of an upstream in place of passing it on, anywhere in it: the words
/// of its proxy_next_upstream directives ("error", "http_502"), and "http_N" for each status N that an error_page
/// takes. Sorted, each once. Included files are not read.
std::vector<std::string> nginx_retries(std::string_view config);

/// The files that its error_log directives name, as written, each once; not stderr and syslog.
std::vector<std::string> nginx_error_logs(std::string_view config);

}
