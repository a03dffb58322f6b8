#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"

namespace headway {

enum class Flush {
  kNow,    // on disk when append returns: for changes of state
  kLater,  // handed to the kernel: survives this process, not a power cut
};

/// One process's own segment of a sweep: append-only, never shared. The file appears with the first
/// record, preceded by a `writer` record that says who writes. After an error that leaves doubt
/// about the file's end, the next record begins another segment. May be used from several threads.
class SegmentWriter {
 public:
  /// `role`: worker | supervisor | command. `writer_details` is merged into the `writer` record
  /// (torch_version, say); process, headway_version and git_revision are there anyway.
  SegmentWriter(std::filesystem::path sweep_directory,
                std::string role,
                nlohmann::json writer_details = nlohmann::json::object());

  /// Adds "at" and writes the record whole. When the disk refuses (DiskFullError or another
  /// EnvironmentError), the record is not there, and the same append may succeed later.
  void append(nlohmann::json record, Flush flush);

  /// Where the next record goes.
  const std::filesystem::path& path() const { return path_; }

 private:
  void create();
  void write_record(nlohmann::json record);
  void take_back(std::uint64_t size);
  void begin_another();

  std::filesystem::path folder_;
  std::filesystem::path path_;
  std::string role_;
  nlohmann::json details_;
  std::mutex mutex_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;  // up to the last good record
};

}  // namespace headway
