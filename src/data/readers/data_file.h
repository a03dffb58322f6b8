#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "base/files.h"

namespace headway {

/// ConfigError when `path` is a folder, a FIFO or the like: mapping the one fails, and opening the
/// other would wait for a writer.
void expect_regular_file(const std::filesystem::path& path);

/// A data file read from front to back. Gzip is recognised by its first bytes (1f 8b), whatever the
/// name. Offsets count decompressed bytes. What is wrong with the content is a ConfigError that
/// names file, offset, what was found and what was expected.
class DataFile {
 public:
  explicit DataFile(std::filesystem::path path);
  ~DataFile();
  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  bool is_compressed() const { return inflater_ != nullptr; }
  std::uint64_t offset() const { return offset_; }
  /// Of the file as it lies on the disk.
  std::uint64_t stored_bytes() const { return file_.bytes().size(); }
  /// How many bytes can still follow: exact for a plain file; for gzip the most that the rest of
  /// the file can hold, so that a forged header cannot make us allocate what never comes.
  std::uint64_t most_remaining() const;
  /// Fills `out`; `what` says in the error what was being read.
  void read(std::span<std::uint8_t> out, std::string_view what);
  /// Fills as much of `out` as the file still holds, and returns how much: less than asked for only
  /// at the end.
  std::size_t read_up_to(std::span<std::uint8_t> out);
  /// Refuses trailing bytes and, for gzip, a wrong checksum.
  void expect_end();
  [[noreturn]] void refuse(std::uint64_t at_offset,
                           std::string_view found,
                           std::string_view expected) const;

 private:
  struct Inflater;

  std::size_t copy(std::span<std::uint8_t> out);
  std::size_t inflate(std::span<std::uint8_t> out);
  void start_next_member();

  std::filesystem::path path_;
  MappedFile file_;
  std::unique_ptr<Inflater> inflater_;
  std::uint64_t consumed_ = 0;  // bytes of the file as it is stored
  std::uint64_t offset_ = 0;
  bool ended_ = false;
};

}  // namespace headway
