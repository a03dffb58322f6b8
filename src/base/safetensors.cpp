#include "base/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/nearest_name.h"
#include "base/sha256.h"

namespace headway {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

std::string header_text(const std::vector<NamedTensor>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    std::size_t expected = dtype_bytes(tensor.dtype);
    for (const std::int64_t size : tensor.shape) expected *= static_cast<std::size_t>(size);
    expects(expected == tensor.bytes.size(), "safetensors: shape and bytes of " + tensor.name);
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // aligns the data
  return text;
}

// Infinite or NaN is what has all bits of its exponent set. `bytes` may lie anywhere.
template <typename Bits>
std::int64_t count_with_exponent(std::span<const std::byte> bytes, Bits exponent) {
  std::int64_t count = 0;
  for (std::size_t start = 0; start < bytes.size(); start += sizeof(Bits)) {
    Bits value{};
    std::memcpy(&value, bytes.data() + start, sizeof(Bits));
    count += (value & exponent) == exponent ? 1 : 0;
  }
  return count;
}

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw ConfigError(fmt::format("{}: not a usable safetensors file: {}", path, what));
}

std::vector<std::int64_t> parse_shape(const nlohmann::json& json) {
  std::vector<std::int64_t> shape;
  for (const nlohmann::json& size : json.get_ref<const nlohmann::json::array_t&>()) {
    shape.push_back(integer_in(size, kWholeRange));
  }
  return shape;
}

NamedTensor parse_entry(const std::string& path,
                        const std::string& name,
                        const nlohmann::json& entry,
                        std::span<const std::byte> data) {
  NamedTensor tensor{
      name, entry.at("dtype").get<std::string>(), parse_shape(entry.at("shape")), {}};
  const auto offset = [&](std::size_t which) {
    const IntegerRange range{0, kWholeRange.most};
    return static_cast<std::uint64_t>(integer_in(entry.at("data_offsets").at(which), range));
  };
  const std::uint64_t begin = offset(0);
  const std::uint64_t end = offset(1);
  if (begin > end || end > data.size()) {
    refuse(path, fmt::format("'{}' lies at bytes {}..{} of {}", name, begin, end, data.size()));
  }
  std::uint64_t expected = dtype_bytes(tensor.dtype);
  for (const std::int64_t size : tensor.shape) {
    if (size < 0 || (size > 0 && expected > data.size() / static_cast<std::uint64_t>(size))) {
      refuse(path, fmt::format("the shape of '{}' does not fit the file", name));
    }
    expected *= static_cast<std::uint64_t>(size);
  }
  if (expected != end - begin) {
    refuse(path, fmt::format("'{}' needs {} bytes, but has {}", name, expected, end - begin));
  }
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

// In the order in which they lie, which is the one that they were written in.
void sort_by_place(std::vector<NamedTensor>& tensors) {
  std::ranges::stable_sort(tensors, {}, [](const NamedTensor& tensor) {
    return std::pair(tensor.bytes.data(), tensor.bytes.size());
  });
}

/// `tensors` by place.
void check_no_gap_or_overlap(const std::string& path,
                             const std::vector<NamedTensor>& tensors,
                             std::span<const std::byte> data) {
  const std::byte* next = data.data();
  for (const NamedTensor& tensor : tensors) {
    if (!tensor.bytes.empty() && tensor.bytes.data() != next) {
      refuse(path, fmt::format("'{}' overlaps another tensor or leaves a gap", tensor.name));
    }
    if (!tensor.bytes.empty()) next = tensor.bytes.data() + tensor.bytes.size();
  }
  if (next != data.data() + data.size()) refuse(path, "bytes after the last tensor");
}

}  // namespace

std::size_t dtype_bytes(const std::string& dtype) {
  static const std::map<std::string, std::size_t> sizes{{"F64", 8},
                                                        {"I64", 8},
                                                        {"F32", 4},
                                                        {"I32", 4},
                                                        {"BF16", 2},
                                                        {"F16", 2},
                                                        {"U8", 1},
                                                        {"BOOL", 1}};
  const auto found = sizes.find(dtype);
  if (found == sizes.end()) throw ConfigError(fmt::format("unknown safetensors dtype '{}'", dtype));
  return found->second;
}

std::int64_t count_not_finite(const NamedTensor& tensor) {
  const std::string& dtype = tensor.dtype;
  if (dtype == "F32") return count_with_exponent<std::uint32_t>(tensor.bytes, 0x7f800000U);
  if (dtype == "F64") return count_with_exponent<std::uint64_t>(tensor.bytes, 0x7ffULL << 52);
  if (dtype == "BF16") return count_with_exponent<std::uint16_t>(tensor.bytes, 0x7f80U);
  return 0;
}

std::string write_safetensors(int fd,
                              const std::filesystem::path& name,
                              const std::vector<NamedTensor>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  const std::string header = header_text(tensors, metadata);
  const std::uint64_t header_bytes = header.size();
  std::string prefix(sizeof(header_bytes), '\0');
  std::memcpy(prefix.data(), &header_bytes, sizeof(header_bytes));
  prefix += header;
  Sha256 hash;
  hash.add(prefix);
  write_all(fd, prefix, name);
  for (const NamedTensor& tensor : tensors) {
    hash.add(tensor.bytes);
    write_all(fd, {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()}, name);
  }
  return hash.hex_digest();
}

std::string hash_tensors(const std::vector<NamedTensor>& tensors) {
  Sha256 hash;
  for (const NamedTensor& tensor : tensors) {
    hash.add(nlohmann::json{tensor.name, tensor.dtype, tensor.shape}.dump()).add(tensor.bytes);
  }
  return hash.hex_digest();
}

std::string write_safetensors(const std::filesystem::path& path,
                              const std::vector<NamedTensor>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  std::string hash;
  replace_file(path, [&](int fd) { hash = write_safetensors(fd, path, tensors, metadata); });
  return hash;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : SafetensorsFile(MappedFile(path), path.string()) {}

SafetensorsFile::SafetensorsFile(MappedFile file, std::string path)
    : path_(std::move(path)), file_(std::move(file)) {
  const std::span<const std::byte> all = file_.bytes();
  std::uint64_t header_bytes = 0;
  if (all.size() < sizeof(header_bytes)) refuse(path_, "shorter than 8 bytes");
  std::memcpy(&header_bytes, all.data(), sizeof(header_bytes));
  if (header_bytes > kLargestRecord || header_bytes > all.size() - sizeof(header_bytes)) {
    refuse(path_, fmt::format("header length {} in a file of {} bytes", header_bytes, all.size()));
  }
  const auto* text = reinterpret_cast<const char*>(all.data()) + sizeof(header_bytes);
  const auto data = all.subspan(sizeof(header_bytes) + header_bytes);
  try {
    const auto header = parse_json({text, header_bytes});
    for (const auto& [name, entry] : header.get_ref<const nlohmann::json::object_t&>()) {
      if (name == "__metadata__") {
        metadata_ = entry.get<std::map<std::string, std::string>>();
      } else {
        tensors_.push_back(parse_entry(path_, name, entry, data));
      }
    }
  } catch (const nlohmann::json::exception& error) {
    refuse(path_, error.what());
  }
  sort_by_place(tensors_);
  check_no_gap_or_overlap(path_, tensors_, data);
}

bool SafetensorsFile::contains(const std::string& name) const {
  return std::ranges::any_of(tensors_, [&](const NamedTensor& t) { return t.name == name; });
}

const NamedTensor& SafetensorsFile::at(const std::string& name) const {
  std::vector<std::string> names;
  for (const NamedTensor& tensor : tensors_) {
    if (tensor.name == name) return tensor;
    names.push_back(tensor.name);
  }
  throw ConfigError(fmt::format("{}: no tensor '{}'{}", path_, name, suggestion(name, names)));
}

}  // namespace headway
