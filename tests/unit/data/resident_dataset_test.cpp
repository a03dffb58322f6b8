#include "data/packing/resident_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/errors.h"
#include "data/packing/pack.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"
#include "unit/data/collected_images.h"
#include "unit/data/idx_content.h"
#include "unit/data/scoped_variable.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

constexpr ImageShape kShape{.channels = 2, .height = 50, .width = 40};
const std::vector<std::string> kNames = {"a", "b", "c"};

/// 60 images to train on, 5 to test on.
CollectedImages small_part(DatasetPart part) {
  CollectedImages decoded;
  if (part == DatasetPart::kTest) {
    decoded.images.assign(5U * 4000, 9);
    decoded.labels = {2, 1, 0, 1, 2};
    return decoded;
  }
  for (std::size_t i = 0; i < 60U * 4000; ++i) {
    decoded.images.push_back(static_cast<std::uint8_t>(i * 31 % 253));
  }
  for (std::int32_t i = 0; i < 60; ++i) decoded.labels.push_back(i % 3);
  return decoded;
}

/// In pieces of one image and of all others.
void decode_small(DatasetPart part, ImageSink& sink) {
  const CollectedImages decoded = small_part(part);
  const std::span<const std::uint8_t> images = decoded.images;
  const std::span<const std::int32_t> labels = decoded.labels;
  sink.add(images.first(4000), labels.first(1));
  sink.add(images.subspan(4000), labels.subspan(1));
}

PackContent small_content(const std::string& hash) {
  return {.source_hash = hash, .classes = 3, .image = kShape, .decode = decode_small};
}

template <typename T>
std::vector<T> copied(std::span<const T> values) {
  return {values.begin(), values.end()};
}

class ResidentDataset : public testing::Test {
 protected:
  ResidentDataset() { write_bytes(file_, "source"); }

  DatasetSource source() {
    return {.name = "small",
            .files = {file_},
            .image = kShape,
            .class_names = kNames,
            .decode = [this](DatasetPart part, ImageSink& sink) {
              if (part == DatasetPart::kTrain) ++decoded_;
              decode_small(part, sink);
            }};
  }
  void expect_content(const Dataset& dataset) {
    const CollectedImages train = small_part(DatasetPart::kTrain);
    const CollectedImages test = small_part(DatasetPart::kTest);
    EXPECT_EQ(dataset.classes(), 3);
    EXPECT_EQ(dataset.class_names(), kNames);
    EXPECT_EQ(dataset.train().count, 60);
    EXPECT_EQ(dataset.train().height, 50);
    EXPECT_EQ(dataset.train().width, 40);
    EXPECT_EQ(dataset.train().channels, 2);
    EXPECT_EQ(dataset.test().count, 5);
    EXPECT_EQ(copied(dataset.train().images), train.images);
    EXPECT_EQ(copied(dataset.train().labels), train.labels);
    EXPECT_EQ(copied(dataset.test().images), test.images);
    EXPECT_EQ(copied(dataset.test().labels), test.labels);
  }
  void overwrite(std::uint64_t offset, char value) {
    std::fstream pack(pack_path(source()), std::ios::binary | std::ios::in | std::ios::out);
    pack.seekp(static_cast<std::streamoff>(offset));
    pack.put(value);
  }
  // Loads twice around `damage`; the second load must notice and decode again.
  template <typename Damage>
  void expect_rebuilt_after(Damage damage) {
    make_resident_dataset(source());
    damage();
    decoded_ = 0;
    expect_content(*make_resident_dataset(source()));
    EXPECT_EQ(decoded_, 1);
    expect_content(*make_resident_dataset(source()));
    EXPECT_EQ(decoded_, 1);
  }

  TemporaryDirectory directory_;
  fs::path cache_ = directory_.path() / "cache";
  ScopedVariable variable_{"HEADWAY_CACHE", cache_.string()};
  fs::path file_ = directory_.path() / "source.bin";
  int decoded_ = 0;
};

TEST_F(ResidentDataset, is_decoded_once_and_then_mapped) {
  expect_content(*make_resident_dataset(source()));
  expect_content(*make_resident_dataset(source()));
  EXPECT_EQ(decoded_, 1);
}

TEST_F(ResidentDataset, outlives_its_pack_file) {
  make_resident_dataset(source());
  const auto dataset = make_resident_dataset(source());
  fs::remove_all(cache_);
  expect_content(*dataset);
}

TEST_F(ResidentDataset, is_decoded_again_when_a_source_file_changes) {
  make_resident_dataset(source());
  fs::last_write_time(file_, fs::last_write_time(file_) + std::chrono::seconds(5));
  make_resident_dataset(source());
  EXPECT_EQ(decoded_, 2);
  write_bytes(file_, "longer source");
  make_resident_dataset(source());
  EXPECT_EQ(decoded_, 3);
}

TEST_F(ResidentDataset, is_rebuilt_when_its_pack_is_truncated) {
  expect_rebuilt_after([&] {
    const fs::path pack = pack_path(source());
    fs::resize_file(pack, fs::file_size(pack) - 1);
  });
  expect_rebuilt_after([&] { fs::resize_file(pack_path(source()), 10); });
  expect_rebuilt_after([&] { fs::resize_file(pack_path(source()), 0); });
}

TEST_F(ResidentDataset, is_rebuilt_when_header_labels_or_sampled_pages_are_damaged) {
  make_resident_dataset(source());
  const std::uint64_t size = fs::file_size(pack_path(source()));
  constexpr std::uint64_t kTrainCount = 16;
  constexpr std::uint64_t kClasses = 56;
  constexpr std::uint64_t kFirstImage = 4096;
  constexpr std::uint64_t kTrainLabels = 4096 + 59U * 4096;  // after 240,000 bytes of images
  for (const std::uint64_t offset :
       {std::uint64_t{0}, kTrainCount, kClasses, kFirstImage, kTrainLabels, size - 1}) {
    SCOPED_TRACE(offset);
    expect_rebuilt_after([&] { overwrite(offset, '\x7f'); });
  }
}

TEST_F(ResidentDataset, is_private_when_the_cache_cannot_be_written) {
  write_bytes(cache_, "a file where the cache folder should be");
  expect_content(*make_resident_dataset(source()));
  expect_content(*make_resident_dataset(source()));
  EXPECT_EQ(decoded_, 2);
}

// What the files hold may be read in several ways.
TEST_F(ResidentDataset, has_a_pack_for_each_variant) {
  DatasetSource coarse = source();
  coarse.variant = "coarse";
  EXPECT_NE(pack_path(coarse), pack_path(source()));
  make_resident_dataset(source());
  make_resident_dataset(coarse);
  EXPECT_EQ(decoded_, 2);
}

// Else the sections of the pack would not lie where its header says.
TEST_F(ResidentDataset, refuses_pieces_that_contradict_themselves) {
  const auto decode_as = [](std::size_t bytes, std::int32_t label) {
    return [=](DatasetPart, ImageSink& sink) {
      sink.add(std::vector<std::uint8_t>(bytes), std::vector<std::int32_t>{label});
    };
  };
  PackContent content = small_content(std::string(64, 'a'));
  for (const auto& [bytes, label] : {std::pair{std::size_t{3999}, 0}, {4001, 0}, {4000, 3}}) {
    content.decode = decode_as(bytes, label);
    EXPECT_THROW(write_pack(directory_.path() / "some.pack", content), std::logic_error);
  }
}

TEST_F(ResidentDataset, in_memory_has_the_bytes_of_a_pack_file) {
  const fs::path path = directory_.path() / "some.pack";
  const PackContent content = small_content(std::string(64, 'a'));
  write_pack(path, content);
  const Pack file(path, content.source_hash, PackCheck::kFull);
  const Pack memory(content);
  EXPECT_EQ(copied(memory.train().images), copied(file.train().images));
  EXPECT_EQ(copied(memory.test().labels), copied(file.test().labels));
}

TEST_F(ResidentDataset, passes_on_what_the_reader_refuses_and_leaves_no_pack) {
  DatasetSource broken = source();
  broken.decode = [](DatasetPart part, ImageSink& sink) {
    decode_small(part, sink);
    throw ConfigError("bad label");
  };
  EXPECT_THROW(make_resident_dataset(broken), ConfigError);
  EXPECT_FALSE(fs::exists(pack_path(broken)));
  for (const auto& entry : fs::directory_iterator(cache_ / "datasets")) {
    EXPECT_EQ(entry.path().extension(), ".lock");
  }
}

TEST_F(ResidentDataset, survives_many_processes_making_it_at_once) {
  std::vector<std::thread> loaders;
  std::vector<std::unique_ptr<Dataset>> loaded(8);
  const DatasetSource shared{.name = "small",
                             .files = {file_},
                             .image = kShape,
                             .class_names = kNames,
                             .decode = decode_small};
  for (auto& dataset : loaded) {
    loaders.emplace_back([&] { dataset = make_resident_dataset(shared); });
  }
  for (std::thread& loader : loaders) loader.join();
  for (const auto& dataset : loaded) expect_content(*dataset);
  for (const auto& entry : fs::directory_iterator(cache_ / "datasets")) {
    EXPECT_THAT(entry.path().extension().string(), testing::AnyOf(".pack", ".lock"));
  }
}

TEST_F(ResidentDataset, full_check_of_a_pack_sees_every_byte) {
  const fs::path path = directory_.path() / "some.pack";
  const std::string hash(64, 'a');
  write_pack(path, small_content(hash));
  EXPECT_NO_THROW(Pack(path, hash, PackCheck::kFull));
  const std::string content = text_of(path);
  for (std::size_t offset = 0; offset < content.size(); offset += 1499) {
    std::string damaged = content;
    damaged[offset] = static_cast<char>(damaged[offset] ^ 4);
    write_bytes(path, damaged);
    const bool in_quick_digest = offset >= content.size() - 64;
    EXPECT_THROW(Pack(path, hash, in_quick_digest ? PackCheck::kQuick : PackCheck::kFull),
                 EnvironmentError)
        << offset;
  }
}

TEST_F(ResidentDataset, refuses_a_pack_of_other_source_files) {
  const fs::path path = directory_.path() / "some.pack";
  write_pack(path, small_content(std::string(64, 'a')));
  EXPECT_THROW(Pack(path, std::string(64, 'b'), PackCheck::kQuick), EnvironmentError);
}

}  // namespace
}  // namespace headway
