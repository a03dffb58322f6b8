#include "runner/supervisor/abandoned_files.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "support/scoped_variable.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

const std::string kId(32, 'a');
const std::string kTrial = "0123456789ab";

class AbandonedFiles : public testing::Test {
 protected:
  AbandonedFiles() {
    fs::create_directories(folder_.path() / "cache");
    fs::permissions(folder_.path() / "cache", fs::perms::owner_all);
    fs::create_directories(folder_.path() / "tmp");
  }

  /// Last written so long ago.
  fs::path write(const std::string& name, std::chrono::hours age) const {
    const fs::path file = folder_.path() / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "half";
    set_age(file, age);
    return file;
  }
  static void set_age(const fs::path& path, std::chrono::hours age) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - age);
  }
  void remove_all() const { AbandonedFilesRemoval(folder_.path() / "sweep").wait(); }

  const std::vector<std::string> half_made_{
      "sweep/.plan.json." + kId + ".tmp",
      "sweep/.trials.jsonl." + kId + ".tmp",
      "sweep/results.sqlite." + kId + ".tmp",
      "sweep/results.sqlite." + kId + ".tmp-journal",
      "sweep/claims/" + kTrial + "/1/.heartbeat.json." + kId + ".tmp",
      "sweep/artifacts/" + kTrial + "/.weights.safetensors." + kId + ".tmp",
      "sweep/checkpoints/" + kTrial + "/.step-3.safetensors." + kId + ".tmp",
      "sweep/evaluations/geometry/claims/" + kTrial + "/2/.heartbeat.json." + kId + ".tmp",
      "cache/datasets/.0f" + std::string(62, '1') + ".pack." + kId + ".tmp",
      "tmp/headway-fsck-" + kId + ".sqlite",
      "tmp/headway-fsck-" + kId + ".sqlite-journal"};

  TemporaryDirectory folder_;
  ScopedVariable cache_{"HEADWAY_CACHE", (folder_.path() / "cache").string()};
  ScopedVariable temporary_{"TMPDIR", (folder_.path() / "tmp").string()};
};

TEST_F(AbandonedFiles, go_when_nobody_wrote_them_for_a_day) {
  for (const std::string& name : half_made_) write(name, std::chrono::hours(25));
  remove_all();
  for (const std::string& name : half_made_)
    EXPECT_FALSE(fs::exists(folder_.path() / name)) << name;
}

TEST_F(AbandonedFiles, stay_as_long_as_somebody_may_write_them) {
  for (const std::string& name : half_made_) write(name, std::chrono::hours(23));
  write("sweep/.plan.json." + std::string(32, 'b') + ".tmp", std::chrono::hours(-48));
  remove_all();
  for (const std::string& name : half_made_) EXPECT_TRUE(fs::exists(folder_.path() / name)) << name;
  EXPECT_TRUE(fs::exists(folder_.path() / ("sweep/.plan.json." + std::string(32, 'b') + ".tmp")));
}

TEST_F(AbandonedFiles, include_claims_that_were_prepared) {
  const auto claim = [&](char digit, std::chrono::hours age) {
    const std::string name = "sweep/claims/" + kTrial + "/.prepared-" + std::string(32, digit);
    write(name + "/heartbeat.json", age);
    set_age(folder_.path() / name, age);
    return folder_.path() / name;
  };
  const fs::path old = claim('1', std::chrono::hours(25));
  const fs::path young = claim('2', std::chrono::hours(1));
  remove_all();
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young));
}

TEST_F(AbandonedFiles, are_told_from_all_others_however_old) {
  const std::vector<std::string> others{"sweep/plan.json",
                                        "sweep/results.sqlite",
                                        "sweep/results.sqlite-wal",
                                        "sweep/.notes.tmp",
                                        "sweep/.plan.lock",
                                        "sweep/" + kId,
                                        "sweep/" + kId + ".tmp",
                                        "sweep/results.sqlite." + kId,
                                        "sweep/claims/" + kTrial + "/1/heartbeat.json",
                                        "cache/datasets/0f.pack",
                                        "tmp/.other." + kId + ".tmp",
                                        "tmp/headway-fsck-" + kId,
                                        "elsewhere/.plan.json." + kId + ".tmp"};
  for (const std::string& name : others) write(name, std::chrono::hours(1000));
  fs::create_directory_symlink(folder_.path() / "elsewhere",
                               folder_.path() / "sweep" / "claims" / "link");
  remove_all();
  for (const std::string& name : others) EXPECT_TRUE(fs::exists(folder_.path() / name)) << name;
}

TEST_F(AbandonedFiles, leave_a_folder_without_any_as_it_is) {
  write("sweep/plan.json", std::chrono::hours(1));
  set_age(folder_.path() / "sweep", std::chrono::hours(2));
  const auto before = fs::last_write_time(folder_.path() / "sweep");
  remove_all();
  EXPECT_EQ(fs::last_write_time(folder_.path() / "sweep"), before) << "nothing was made in it";
}

}  // namespace
}  // namespace headway
