#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace headway {

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>((value >> shift) & 0xff);
  return bytes;
}

/// A file in IDX format, by hand: magic, sizes, values.
inline std::string idx_content(const std::vector<std::uint32_t>& sizes, const std::string& values) {
  std::string content = big_endian(0x0800U + static_cast<std::uint32_t>(sizes.size()));
  for (const std::uint32_t size : sizes) content += big_endian(size);
  return content + values;
}

/// `count` images of 28 x 28 whose bytes all differ from image to image.
inline std::string image_values(std::uint32_t count) {
  std::string values;
  for (std::uint32_t i = 0; i < count * 784; ++i)
    values += static_cast<char>((i * 7 + i / 784) % 251);
  return values;
}

/// Labels 0, 1, ..., 9, 0, 1, ...
inline std::string label_values(std::uint32_t count) {
  std::string values;
  for (std::uint32_t i = 0; i < count; ++i) values += static_cast<char>(i % 10);
  return values;
}

inline void write_bytes(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// A cut-down Fashion-MNIST: 30 images to train on, 20 to test on.
inline void write_small_fashion_mnist(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  write_bytes(folder / "train-images-idx3-ubyte", idx_content({30, 28, 28}, image_values(30)));
  write_bytes(folder / "train-labels-idx1-ubyte", idx_content({30}, label_values(30)));
  write_bytes(folder / "t10k-images-idx3-ubyte", idx_content({20, 28, 28}, image_values(20)));
  write_bytes(folder / "t10k-labels-idx1-ubyte", idx_content({20}, label_values(20)));
}

}  // namespace headway
