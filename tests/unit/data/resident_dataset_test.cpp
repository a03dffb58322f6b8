#include "data/packing/resident_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/errors.h"
#include "base/sha256.h"
#include "data/packing/data_hash.h"
#include "data/packing/pack.h"
#include "support/scoped_variable.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"
#include "unit/data/collected_images.h"
#include "unit/data/idx_content.h"

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
  void flip(std::uint64_t offset) {
    std::fstream pack(pack_path(source()), std::ios::binary | std::ios::in | std::ios::out);
    pack.seekg(static_cast<std::streamoff>(offset));
    const auto value = static_cast<char>(pack.get() ^ 4);
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

TEST_F(ResidentDataset, is_rebuilt_when_any_byte_of_its_pack_is_damaged) {
  make_resident_dataset(source());
  const std::uint64_t size = fs::file_size(pack_path(source()));
  for (std::uint64_t offset = 0; offset < size; offset += 9973) {
    SCOPED_TRACE(offset);
    expect_rebuilt_after([&] { flip(offset); });
  }
  expect_rebuilt_after([&] { flip(size - 1); });
}

// The file that replaces it has its name, size and time of modification.
TEST_F(ResidentDataset, is_decoded_again_when_a_source_file_is_replaced_by_one_that_looks_alike) {
  make_resident_dataset(source());
  const auto time = fs::last_write_time(file_);
  const fs::path other = directory_.path() / "other.bin";
  write_bytes(other, "SOURCE");
  fs::last_write_time(other, time);
  fs::rename(other, file_);
  make_resident_dataset(source());
  EXPECT_EQ(decoded_, 2);
  write_bytes(file_, "sOURCE");  // in place
  fs::last_write_time(file_, time);
  make_resident_dataset(source());
  EXPECT_EQ(decoded_, 3);
}

TEST_F(ResidentDataset, is_not_made_of_files_that_change_while_they_are_read) {
  DatasetSource changing = source();
  changing.decode = [this](DatasetPart part, ImageSink& sink) {
    decode_small(part, sink);
    write_bytes(file_, "another source");
  };
  const fs::path pack = pack_path(changing);
  EXPECT_THROW(make_resident_dataset(changing), ConfigError);
  EXPECT_FALSE(fs::exists(pack));
}

// Against a computation that shares no code with it: see data_hash.h.
TEST_F(ResidentDataset, has_the_hash_of_its_images_and_labels) {
  const auto line = [](const std::string& name, DatasetPart part, int count) {
    const CollectedImages decoded = small_part(part);
    const auto bytes_of = [](const auto& values) {
      return std::string(reinterpret_cast<const char*>(values.data()),
                         values.size() * sizeof(values[0]));
    };
    return name + " " + std::to_string(count) + " 50 40 2 " + sha256_hex(bytes_of(decoded.images)) +
           " " + sha256_hex(bytes_of(decoded.labels)) + "\n";
  };
  const std::string expected =
      sha256_hex("headway data 1\n" + line("train", DatasetPart::kTrain, 60) +
                 line("test", DatasetPart::kTest, 5));
  const auto decoded = make_resident_dataset(source());
  EXPECT_EQ(decoded->identity().sha256, expected);
  EXPECT_EQ(decoded->identity().folder, fs::canonical(directory_.path()).string());
  EXPECT_EQ(make_resident_dataset(source())->identity().sha256, expected);  // from its pack
  EXPECT_EQ(data_sha256(decoded->train(), decoded->test()), expected);
}

TEST_F(ResidentDataset, of_more_images_than_there_are_is_refused) {
  DatasetSource limited = source();
  limited.most = {60, 5};
  expect_content(*make_resident_dataset(limited));
  fs::remove_all(cache_);
  limited.most = {60, 4};
  EXPECT_THROW(make_resident_dataset(limited), ConfigError);
}

TEST_F(ResidentDataset, uses_no_pack_that_others_can_write) {
  expect_rebuilt_after([&] { ::chmod(pack_path(source()).c_str(), 0664); });
  expect_rebuilt_after([&] { ::chmod(pack_path(source()).c_str(), 0646); });
}

TEST_F(ResidentDataset, uses_no_pack_behind_a_link) {
  const fs::path elsewhere = directory_.path() / "elsewhere.pack";
  expect_rebuilt_after([&] {
    fs::rename(pack_path(source()), elsewhere);
    fs::create_symlink(elsewhere, pack_path(source()));
  });
}

TEST_F(ResidentDataset, uses_no_pack_of_another_user) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  constexpr uid_t kNobody = 65534;
  expect_rebuilt_after(
      [&] { ASSERT_EQ(::chown(pack_path(source()).c_str(), kNobody, ::getegid()), 0); });
}

TEST_F(ResidentDataset, is_private_when_others_can_plant_packs) {
  for (const fs::path& folder : {cache_, cache_ / "datasets"}) {
    make_resident_dataset(source());
    ASSERT_EQ(::chmod(folder.c_str(), 0777), 0);
    decoded_ = 0;
    expect_content(*make_resident_dataset(source()));
    expect_content(*make_resident_dataset(source()));
    EXPECT_EQ(decoded_, 2) << folder;
    ASSERT_EQ(::chmod(folder.c_str(), 0700), 0);
  }
}

TEST_F(ResidentDataset, makes_its_folders_for_one_user) {
  make_resident_dataset(source());
  for (const fs::path& folder : {cache_, cache_ / "datasets"}) {
    EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all) << folder;
  }
}

// Another process of the node has read every byte.
TEST_F(ResidentDataset, can_be_opened_without_reading_it_all) {
  make_resident_dataset(source());
  flip(4096 + 4000 * 30);
  make_resident_dataset(source(), PackCheck::kHeader);
  EXPECT_EQ(decoded_, 1);
  make_resident_dataset(source());
  EXPECT_EQ(decoded_, 2);
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
  const Pack file(path, content.source_hash, PackCheck::kEveryByte);
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

TEST_F(ResidentDataset, refuses_a_pack_of_other_source_files) {
  const fs::path path = directory_.path() / "some.pack";
  write_pack(path, small_content(std::string(64, 'a')));
  EXPECT_THROW(Pack(path, std::string(64, 'b'), PackCheck::kHeader), EnvironmentError);
}

}  // namespace
}  // namespace headway
