#pragma once

#include <string>

namespace gateway::net {

/// One line on stderr for the operator. Thread-safe. Never a token, nor anything that a client sent.
void note(std::string const& text);

}
