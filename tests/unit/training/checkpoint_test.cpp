#include "training/state/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "base/sha256.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Checkpoints : public testing::Test {
 protected:
  void save(std::int64_t step) {
    const std::vector<float> values{static_cast<float>(step), 2.5F};
    folder_.save(step, {{"w", "F32", {2}, std::as_bytes(std::span(values))}}, {{"note", step}});
  }
  std::filesystem::path file(const std::string& name) const {
    return directory_.path() / "c" / name;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path() / "c")) {
      result.push_back(entry.path().filename().string());
    }
    std::ranges::sort(result);
    return result;
  }

  TemporaryDirectory directory_;
  CheckpointFolder folder_{directory_.path() / "c"};
};

TEST_F(Checkpoints, nothing_is_there_before_the_first_save) {
  const RecoveredCheckpoint found = folder_.recover();
  EXPECT_FALSE(found.newest.has_value());
  EXPECT_THAT(found.damage, IsEmpty());
}

TEST_F(Checkpoints, the_newest_is_loaded_by_number_not_by_name) {
  save(9);
  save(10);
  const RecoveredCheckpoint found = folder_.recover();
  ASSERT_TRUE(found.newest.has_value());
  EXPECT_EQ(found.newest->manifest.at("step"), 10);
  EXPECT_EQ(found.newest->manifest.at("note"), 10);
  EXPECT_EQ(found.newest->tensors.at("w").shape, std::vector<std::int64_t>{2});
  EXPECT_EQ(folder_.load(9).manifest.at("note"), 9);
}

TEST_F(Checkpoints, only_the_last_two_are_kept) {
  for (const std::int64_t step : {1, 2, 3}) save(step);
  EXPECT_THAT(
      names(),
      ElementsAre("step-2.json", "step-2.safetensors", "step-3.json", "step-3.safetensors"));
}

TEST_F(Checkpoints, any_flipped_bit_is_noticed_and_the_one_before_is_used) {
  save(1);
  save(2);
  const std::string manifest = text_of(file("step-2.json"));
  const std::string tensors = text_of(file("step-2.safetensors"));
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(file(name), std::ios::binary) << text;
  };
  for (const char* name : {"step-2.json", "step-2.safetensors"}) {
    const std::string& good = std::string_view(name).ends_with("json") ? manifest : tensors;
    for (std::size_t bit = 0; bit < 8 * good.size(); bit += 41) {
      write("step-2.json", manifest);
      write("step-2.safetensors", tensors);
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      write(name, bad);
      const RecoveredCheckpoint found = folder_.recover();
      ASSERT_TRUE(found.newest.has_value());
      ASSERT_EQ(found.newest->manifest.at("step"), 1) << name << ", bit " << bit;
      ASSERT_THAT(found.damage, ElementsAre(HasSubstr(file(name).string())));
    }
  }
}

TEST_F(Checkpoints, damage_is_told_with_the_file_and_removed) {
  save(1);
  save(2);
  std::filesystem::resize_file(file("step-2.json"), 5);
  RecoveredCheckpoint found = folder_.recover();
  EXPECT_EQ(found.newest->manifest.at("step"), 1);
  EXPECT_THAT(found.damage,
              ElementsAre(AllOf(HasSubstr("the checkpoint of step 2 is damaged: "),
                                HasSubstr(file("step-2.json").string()))));
  EXPECT_THAT(names(), ElementsAre("step-1.json", "step-1.safetensors"));
  std::filesystem::remove(file("step-1.safetensors"));
  found = folder_.recover();
  EXPECT_FALSE(found.newest.has_value());
  EXPECT_THAT(
      found.damage,
      ElementsAre(HasSubstr(file("step-1.safetensors").string() + ": the file is missing")));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Checkpoints, what_a_save_left_half_written_is_no_checkpoint_and_is_removed) {
  save(1);
  std::filesystem::copy(file("step-1.safetensors"), file("step-2.safetensors"));
  std::ofstream(file(".step-2.json.0123456789abcdef.tmp")) << text_of(file("step-1.json"));
  std::ofstream(file("notes.txt")) << "somebody's";
  const RecoveredCheckpoint found = folder_.recover();
  EXPECT_EQ(found.newest->manifest.at("step"), 1);
  EXPECT_THAT(found.damage, IsEmpty());
  EXPECT_THAT(names(), ElementsAre("notes.txt", "step-1.json", "step-1.safetensors"));
}

TEST_F(Checkpoints, a_manifest_of_another_step_is_damage) {
  save(1);
  save(2);
  std::filesystem::copy(file("step-2.json"), file("step-3.json"));
  std::filesystem::copy(file("step-2.safetensors"), file("step-3.safetensors"));
  const RecoveredCheckpoint found = folder_.recover();
  EXPECT_EQ(found.newest->manifest.at("step"), 2);
  EXPECT_THAT(found.damage, ElementsAre(HasSubstr("is of another step")));
}

TEST_F(Checkpoints, a_newer_one_that_could_not_be_read_costs_no_usable_one) {
  save(7);
  save(1);
  save(2);
  save(3);
  EXPECT_THAT(names(), Not(Contains("step-1.json")));
  for (const char* kept : {"step-2.json", "step-3.json", "step-7.json"}) {
    EXPECT_THAT(names(), Contains(kept));
  }
}

// Whatever stands in the place of a file: the one before is used, and saving goes on.
TEST_F(Checkpoints, what_is_no_file_costs_no_usable_one) {
  const auto make_directory = [](const std::filesystem::path& path) {
    std::filesystem::create_directories(path / "within");
  };
  const auto make_pipe = [](const std::filesystem::path& path) {
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  };
  const auto make_link = [](const std::filesystem::path& path) {
    std::filesystem::create_symlink("nowhere", path);
  };
  for (const std::function<void(const std::filesystem::path&)>& make :
       {std::function<void(const std::filesystem::path&)>(make_directory),
        std::function<void(const std::filesystem::path&)>(make_pipe),
        std::function<void(const std::filesystem::path&)>(make_link)}) {
    for (const char* name : {"step-2.json", "step-2.safetensors"}) {
      save(1);
      save(2);
      std::filesystem::remove(file(name));
      make(file(name));
      const RecoveredCheckpoint found = folder_.recover();
      ASSERT_TRUE(found.newest.has_value()) << name;
      EXPECT_EQ(found.newest->manifest.at("step"), 1) << name;
      EXPECT_THAT(found.damage, ElementsAre(HasSubstr(file(name).string())));
      std::filesystem::remove_all(file(name));
      make(file(name));
      save(2);
      EXPECT_EQ(folder_.recover().newest->manifest.at("step"), 2) << name;
      folder_.clear();
    }
  }
}

// Its own hash is right: someone made it.
TEST_F(Checkpoints, a_manifest_of_another_form_costs_no_usable_one) {
  save(1);
  const auto write = [&](const std::string& text) {
    std::ofstream(file("step-2.json"), std::ios::binary) << text;
    std::ofstream(file("step-2.safetensors"), std::ios::binary) << "x";
  };
  const auto with_hash = [](nlohmann::json manifest) {
    manifest["manifest_sha256"] = sha256_hex(manifest.dump());
    return manifest.dump();
  };
  for (const std::string& text : {std::string(2'000'000, '['),
                                  std::string("[1]"),
                                  std::string(R"({"manifest_sha256":7})"),
                                  with_hash({{"step", "two"}, {"tensors_sha256", 3}}),
                                  with_hash({{"step", 2}, {"tensors_sha256", {1, 2}}}),
                                  with_hash({{"step", 2}, {"tensors_sha256", sha256_hex("x")}})}) {
    write(text);
    const RecoveredCheckpoint found = folder_.recover();
    ASSERT_TRUE(found.newest.has_value()) << text.substr(0, 80);
    EXPECT_EQ(found.newest->manifest.at("step"), 1) << text.substr(0, 80);
    EXPECT_EQ(found.damage.size(), 1U) << text.substr(0, 80);
  }
}

TEST_F(Checkpoints, clear_removes_all) {
  save(1);
  folder_.clear();
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "c"));
}

}  // namespace
}  // namespace headway
