#pragma once

#include "base/os/private_file.hpp"
#include "gateway/net/balancer.hpp"
#include "gateway/net/settings.hpp"

#include <filesystem>
#include <optional>

namespace gateway::net {

/// Carries the token map over a restart, in `token_map_file`: it is written when the gateway has drained, and read at
/// the next start, which uses it up. So whoever is killed, and wrote nothing, is followed by a cold start and not by a
/// map of long ago. A file that cannot be used costs a line on stderr and a cold start; a disk that does not answer
/// costs `timeouts.token_map_file` besides.
///
/// On the main thread, while no worker runs. Without `token_map_file` it does nothing.
class map_keeper {
public:
  explicit map_keeper(settings const& s);

  /// Before the first request: claims the file for this process, and gives `shared` what is in it.
  void restore(balancer& shared);
  /// Nothing can prevent the start any more: removes the file whose content was restored.
  void use_up();
  /// After the last request.
  void keep(balancer& shared);

private:
  void refuse(balancer& shared, map_file_refusal why, std::string const& reason);
  void say(std::string const& what) const;

  std::filesystem::path file_; // empty: none
  nanoseconds patience_;
  std::optional<os::file_claim> claim_; // nullopt: it was not granted, or not known in time
  bool restored_ = false;
};

}
