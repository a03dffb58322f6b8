#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"
#include "store/segments/record_json.h"

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
  /// `writer`: role (worker | supervisor | command) and what else is to be told; process, versions
  /// and git_revision are filled in where they are empty.
  SegmentWriter(std::filesystem::path sweep_directory, WriterRecord writer);
  SegmentWriter(std::filesystem::path sweep_directory, const std::string& role)
      : SegmentWriter(std::move(sweep_directory), WriterRecord{.role = role}) {}

  /// Adds "at" and writes the record whole. When the disk refuses (DiskFullError or another
  /// EnvironmentError), the record is not there, and the same append may succeed later.
  template <typename Record>
  requires requires { Record::kKind; }
  void append(const Record& record, Flush flush) { append(record_json(record), flush); }
  /// Likewise, of a record that is JSON already.
  void append(nlohmann::json record, Flush flush);

  /// Where the next record goes.
  const std::filesystem::path& path() const { return path_; }
  /// Of the segment, with the last record.
  std::uint64_t size() const { return size_; }

 private:
  void create();
  void write_record(nlohmann::json record);
  void take_back(std::uint64_t size);
  void begin_another();

  std::filesystem::path folder_;
  std::filesystem::path path_;
  WriterRecord writer_;
  std::mutex mutex_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;  // up to the last good record
};

}  // namespace headway
