#include "training/checkpoint.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_directory.h"

namespace headway {
namespace {

class Checkpoints : public testing::Test {
 protected:
  void save(std::int64_t step) {
    const std::vector<float> values{static_cast<float>(step), 2.5F};
    folder_.save(step, {{"w", "F32", {2}, std::as_bytes(std::span(values))}}, {{"note", step}});
  }
  std::filesystem::path file(const std::string& name) const {
    return directory_.path() / "c" / name;
  }

  TemporaryDirectory directory_;
  CheckpointFolder folder_{directory_.path() / "c"};
};

TEST_F(Checkpoints, nothing_is_there_before_the_first_save) {
  EXPECT_FALSE(folder_.load_newest().has_value());
}

TEST_F(Checkpoints, the_newest_is_loaded_by_number_not_by_name) {
  save(9);
  save(10);
  const auto loaded = folder_.load_newest();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->manifest.at("step"), 10);
  EXPECT_EQ(loaded->tensors.at("w").shape, std::vector<std::int64_t>{2});
}

TEST_F(Checkpoints, only_the_last_two_are_kept) {
  for (const std::int64_t step : {1, 2, 3}) save(step);
  EXPECT_FALSE(std::filesystem::exists(file("step-1.safetensors")));
  EXPECT_FALSE(std::filesystem::exists(file("step-1.json")));
  EXPECT_TRUE(std::filesystem::exists(file("step-2.json")));
}

TEST_F(Checkpoints, a_flipped_bit_sends_back_to_the_one_before) {
  save(1);
  save(2);
  std::fstream stream(file("step-2.safetensors"), std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(-1, std::ios::end);
  stream.put('\x7f');
  stream.close();
  EXPECT_EQ(folder_.load_newest()->manifest.at("step"), 1);
}

TEST_F(Checkpoints, a_torn_manifest_or_missing_tensors_send_back_to_the_one_before) {
  save(1);
  save(2);
  std::filesystem::resize_file(file("step-2.json"), 5);
  EXPECT_EQ(folder_.load_newest()->manifest.at("step"), 1);
  std::filesystem::remove(file("step-1.safetensors"));
  EXPECT_FALSE(folder_.load_newest().has_value());
}

TEST_F(Checkpoints, clear_removes_all) {
  save(1);
  folder_.clear();
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "c"));
}

}  // namespace
}  // namespace headway
