#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"

namespace headway {

/// One tensor of a safetensors file. dtype as the format spells it: F32, F64, BF16, I64, I32, U8.
/// `bytes` is row-major and not owned: it must outlive the writing, or the SafetensorsFile.
struct NamedTensor {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// Bytes of one element; ConfigError for a dtype that headway does not know.
std::size_t dtype_bytes(const std::string& dtype);

/// How many values are infinite or NaN; 0 for integers.
std::int64_t count_not_finite(const NamedTensor& tensor);

/// Writes atomically and flushed (see replace_file). Tensors keep their order. Metadata values are
/// strings, as the format wants. Returns the SHA-256 of the file.
std::string write_safetensors(const std::filesystem::path& path,
                              const std::vector<NamedTensor>& tensors,
                              const std::map<std::string, std::string>& metadata = {});
/// The same to an open descriptor; errors call it `name`.
std::string write_safetensors(int fd,
                              const std::filesystem::path& name,
                              const std::vector<NamedTensor>& tensors,
                              const std::map<std::string, std::string>& metadata);

/// SHA-256 over names, dtypes, shapes and bytes, in this order.
std::string hash_tensors(const std::vector<NamedTensor>& tensors);

/// A mapped safetensors file, checked in full on opening: header length, dtypes, shapes, offsets
/// inside the file, no overlap, no gap. ConfigError says which of these failed.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  /// Of a file that is mapped already: what was hashed of it is what is read. `path` says in errors
  /// which.
  SafetensorsFile(MappedFile file, std::string path);

  /// The whole file.
  std::span<const std::byte> bytes() const { return file_.bytes(); }
  /// In the order in which they lie in the file.
  const std::vector<NamedTensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool contains(const std::string& name) const;
  /// ConfigError with the nearest name when there is none.
  const NamedTensor& at(const std::string& name) const;

 private:
  std::string path_;
  MappedFile file_;
  std::vector<NamedTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace headway
