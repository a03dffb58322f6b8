#pragma once

#include <array>
#include <csignal>

namespace headway {

/// Catches SIGINT, SIGTERM and SIGUSR2 while it lives, those that are not ignored: they set a flag,
/// nothing else. One at a time.
class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  /// How often someone asked this process to stop.
  int count() const;
  /// The signal that came first; 0 when none came.
  int first() const;

 private:
  static constexpr std::array<int, 3> kSignals{SIGINT, SIGTERM, SIGUSR2};

  std::array<struct sigaction, kSignals.size()> previous_{};
};

}  // namespace headway
