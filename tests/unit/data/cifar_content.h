#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "unit/data/idx_content.h"

namespace headway {

/// The pixel of image `i`, told from all of its neighbours and from the other channels'.
inline std::uint8_t cifar_pixel(int i, int channel, int y, int x) {
  return static_cast<std::uint8_t>((i * 89 + channel * 71 + y * 13 + x * 3) % 256);
}

/// `count` records from number `first` on, by hand: label bytes, then the planes of R, G and B.
inline std::string cifar_records(int first,
                                 int count,
                                 const std::function<std::string(int)>& labels) {
  std::string records;
  for (int i = first; i < first + count; ++i) {
    records += labels(i);
    for (int channel = 0; channel < 3; ++channel) {
      for (int y = 0; y < 32; ++y) {
        for (int x = 0; x < 32; ++x) records += static_cast<char>(cifar_pixel(i, channel, y, x));
      }
    }
  }
  return records;
}

/// Image i is of class i mod 10.
inline std::string cifar10_label(int i) {
  return {static_cast<char>(i % 10)};
}

/// Image i is of fine class i mod 100, five of which following each other make a group.
inline std::string cifar100_labels(int i) {
  return {static_cast<char>(i % 100 / 5), static_cast<char>(i % 100)};
}

/// A cut-down CIFAR-10: 5 times 6 images to train on, 20 to test on.
inline void write_small_cifar10(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (int batch = 0; batch < 5; ++batch) {
    write_bytes(folder / ("data_batch_" + std::to_string(batch + 1) + ".bin"),
                cifar_records(6 * batch, 6, cifar10_label));
  }
  write_bytes(folder / "test_batch.bin", cifar_records(30, 20, cifar10_label));
}

/// A cut-down CIFAR-100: 200 images to train on, 100 to test on.
inline void write_small_cifar100(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  write_bytes(folder / "train.bin", cifar_records(0, 200, cifar100_labels));
  write_bytes(folder / "test.bin", cifar_records(200, 100, cifar100_labels));
}

}  // namespace headway
