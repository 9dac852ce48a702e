#pragma once

namespace gateway::cache {

/// Mutual exclusion, supplied by code that has threads; this one excludes nobody.
class lockable {
public:
  lockable() = default;
  lockable(lockable const&) = delete;
  lockable& operator=(lockable const&) = delete;
  virtual ~lockable() = default;

  virtual void lock() {}
  virtual void unlock() {}
};

}
