#include "gateway/net/log.hpp"

#include <cstdio>

namespace gateway::net {

void note(std::string const& text) { std::fprintf(stderr, "crest-gateway: %s\n", text.c_str()); }

}
