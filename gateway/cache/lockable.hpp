#pragma once

namespace gateway::cache {

/// Mutual exclusion, which whoever has threads brings along; this one excludes nobody.
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
