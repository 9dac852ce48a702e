#pragma once

namespace sim::live {

/// While it lives, SIGINT and SIGTERM are counted rather than deadly: commands make one before they begin, so that a
/// signal at any moment ends them in good order. A third one ends the process at once. One at a time in a process; what
/// it says may be asked from any thread.
class interruption {
public:
  /// Nothing has happened yet.
  interruption();
  interruption(interruption const&) = delete;
  interruption& operator=(interruption const&) = delete;
  /// Signals are deadly again.
  ~interruption();

  bool happened() const { return count() > 0; }
  /// How many signals came.
  int count() const;
  /// Becomes readable when a signal comes (an eventfd): who reads it sees whether there was one since.
  int descriptor() const { return descriptor_; }

private:
  int descriptor_;
};

}
