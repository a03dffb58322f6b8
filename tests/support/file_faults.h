#pragma once

namespace headway {

/// What happens at one file operation.
enum class FileFault {
  kInputOutputError,  // it fails with EIO
  kDiskFull,          // it fails with ENOSPC, a write after its first half; so do later ones
  kDeath,             // the process ends there, a write after its first half
};

/// Lets a file operation of the code under test go wrong. Counted are open, write, fsync, rename,
/// ftruncate, unlink and mkdir, in the order of their calls. The program must be linked with
/// headway_file_faults, which puts itself between its object files and libc.
namespace file_faults {

/// A process that ended by kDeath has this exit status.
inline constexpr int kDeathStatus = 99;

/// The `operation`-th from now, counted from 1, goes wrong. A full disk stays full for whatever
/// needs room; the other faults strike once.
void arm(int operation, FileFault fault);
/// All goes well again. Whether the operation was reached.
bool lift();

}  // namespace file_faults
}  // namespace headway
