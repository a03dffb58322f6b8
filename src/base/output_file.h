#pragma once

#include <filesystem>
#include <functional>

namespace headway {

/// What stands where a user wants something written; links are followed.
enum class OutputPlace {
  kStandardOutput,  // "-"
  kNothing,
  kFile,    // would be overwritten
  kStream,  // a pipe, terminal or other character device: nothing of it is lost
  kDisk     // a block device
};

/// ConfigError for what cannot be written to: a directory, a socket, a file in a folder that is
/// missing.
OutputPlace output_place(const std::filesystem::path& path);

/// Writes to the place that a user named, by `write`, which is given a descriptor. A file appears
/// whole or not at all: it replaces what a link leads to, not the link, and keeps the mode of the
/// one before it. Pipes and devices are opened and written into.
void write_output(const std::filesystem::path& path, const std::function<void(int fd)>& write);

}  // namespace headway
