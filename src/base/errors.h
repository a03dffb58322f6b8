#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A mistake that the user can mend: a wrong option, sweep file or data file. Exit code 2.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Several ConfigErrors found in one reading; `what()` holds one per line.
class ConfigErrors : public ConfigError {
 public:
  explicit ConfigErrors(std::vector<std::string> messages);
  const std::vector<std::string>& messages() const { return messages_; }

 private:
  std::vector<std::string> messages_;
};

/// The machine's fault: disk, network, GPU, MPI, SQL. May go away on another try.
class EnvironmentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The disk, or this user's quota of it, is full. Nothing was damaged: once there is room, the same
/// thing succeeds.
class DiskFullError : public EnvironmentError {
 public:
  using EnvironmentError::EnvironmentError;
};

/// The store or a segment is damaged or locked. Exit code 4.
class StoreError : public EnvironmentError {
 public:
  using EnvironmentError::EnvironmentError;
};

[[noreturn]] void throw_broken_expectation(std::string_view what);

/// Throws std::logic_error (our bug, not the user's) unless `condition` holds. Inline, so that
/// compilers and static analyzers see what holds from there on.
inline void expects(bool condition, std::string_view what) {
  if (!condition) throw_broken_expectation(what);
}

/// "NAME failed: <strerror(errno)>" as an EnvironmentError, for C calls that set errno; as a
/// DiskFullError when that is what errno says.
[[noreturn]] void throw_errno(std::string_view call, std::string_view path = {});

}  // namespace headway
