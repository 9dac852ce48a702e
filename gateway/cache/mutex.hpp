#pragma once

namespace gateway::cache {

/// Mutual exclusion, supplied by code that has threads; this one excludes nobody.
class mutex_base {
public:
  mutex_base() = default;
  mutex_base(mutex_base const&) = delete;
  mutex_base& operator=(mutex_base const&) = delete;
  virtual ~mutex_base() = default;

  virtual void lock() {}
  virtual void unlock() {}
};

}
