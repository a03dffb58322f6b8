#include "runner/supervisor/leftovers.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/sweep_layout.h"
#include "scheduling/claims/claims.h"
#include "scheduling/claims/supervisors.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/segment_writer.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

ProcessIdentity dead_process() {
  ProcessIdentity gone = this_process();
  gone.start_ticks += 1;
  return gone;
}

class Leftovers : public testing::Test {
 protected:
  void SetUp() override { write_manifest(sweep_, small_sweep(4)); }

  void write(const std::filesystem::path& file, const std::string& text) const {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void supervisor(const std::filesystem::path& root,
                  const std::string& id,
                  const ProcessIdentity& process) const {
    const auto folder = SweepLayout(root).supervisors();
    write(folder / (id + ".json"), nlohmann::json(process).dump());
    write(folder / (id + ".offers.json"), "{}");
    write(folder / (id + ".trials.jsonl"), "");
    write(folder / ("." + id + ".json.0f3c.tmp"), "");
  }
  std::size_t files_of(const std::filesystem::path& root, const std::string& id) const {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(SweepLayout(root).supervisors())) {
      count += file.path().filename().string().find(id + ".") != std::string::npos;
    }
    return count;
  }

  void checkpoint(std::int64_t seed) const {
    write(layout_.checkpoints(id(seed)) / "step-8.json", "{}");
  }
  bool has_checkpoint(std::int64_t seed) const {
    return std::filesystem::exists(layout_.checkpoints(id(seed)));
  }
  TrialId id(std::int64_t seed) const { return small_trial(seed).trial_id; }
  void claim(std::int64_t seed, const ProcessIdentity& process, const std::string& group) {
    ASSERT_TRUE(try_claim(sweep_, id(seed), 1, {process, GroupName(group), 1}));
  }
  void record(std::int64_t seed, const std::string& state) {
    SegmentWriter worker(sweep_, "worker");
    worker.append({{"kind", "attempt_started"}, {"trial_id", id(seed)}, {"attempt", 1}},
                  Flush::kNow);
    if (state.empty()) return;
    worker.append({{"kind", "attempt_finished"},
                   {"trial_id", id(seed)},
                   {"attempt", 1},
                   {"state", state},
                   {"failure", state == "failed" ? "error" : ""}},
                  Flush::kNow);
  }

  TemporaryDirectory folder_;
  std::filesystem::path sweep_ = folder_.path() / "small";
  SweepLayout layout_{sweep_};
};

TEST_F(Leftovers, what_killed_supervisors_left_goes_and_what_living_ones_need_stays) {
  const auto evaluation = layout_.evaluation("calibration");
  ProcessIdentity elsewhere = this_process();
  elsewhere.machine = "another-boot/1";
  for (const auto& root : {sweep_, evaluation}) {
    supervisor(root, "node-0000dead", dead_process());
    supervisor(root, "node-0000face", this_process());
    supervisor(root, "node-00000fa2", elsewhere);
    write(SweepLayout(root).supervisors() / "node-0000e327.json", "");
    write(SweepLayout(root).supervisors() / "node-0000a10e.offers.json", "{}");
  }
  remove_leftovers(sweep_);
  for (const auto& root : {sweep_, evaluation}) {
    EXPECT_EQ(files_of(root, "node-0000dead"), 0U);
    EXPECT_EQ(files_of(root, "node-0000e327"), 0U) << "a crash of its machine left it so";
    EXPECT_EQ(files_of(root, "node-0000a10e"), 0U) << "of a supervisor without an entry";
    EXPECT_EQ(files_of(root, "node-0000face"), 4U);
    EXPECT_EQ(files_of(root, "node-00000fa2"), 4U) << "nothing is known of it here";
  }
}

TEST_F(Leftovers, what_others_put_beside_the_supervisors_files_stays) {
  const auto folder = layout_.supervisors();
  for (const char* name : {"notes.txt", "my-notes.json", ".hidden", "node-0000DEAD.json"}) {
    write(folder / name, "");
  }
  supervisor(sweep_, "node-0000dead", dead_process());
  remove_leftovers(sweep_);
  for (const char* name : {"notes.txt", "my-notes.json", ".hidden", "node-0000DEAD.json"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / name)) << name;
  }
  EXPECT_EQ(files_of(sweep_, "node-0000dead"), 0U);
}

TEST_F(Leftovers, a_dead_supervisors_entry_stays_while_its_groups_live) {
  supervisor(sweep_, "node-0000dead", dead_process());
  claim(0, this_process(), "node-0000dead-3");
  remove_leftovers(sweep_);
  EXPECT_EQ(files_of(sweep_, "node-0000dead"), 4U);
}

TEST_F(Leftovers, checkpoints_of_done_trials_go_unless_their_group_lives) {
  for (const std::int64_t seed : {0, 1, 2, 3}) checkpoint(seed);
  claim(0, dead_process(), "g-0");
  record(0, "done");
  claim(1, this_process(), "g-1");
  record(1, "done");
  claim(2, dead_process(), "g-2");
  record(2, "failed");
  claim(3, dead_process(), "g-3");
  record(3, "");
  write(layout_.checkpoints() / "notes.txt", "a user's");
  remove_leftovers(sweep_);
  EXPECT_FALSE(has_checkpoint(0));
  EXPECT_TRUE(has_checkpoint(1)) << "it is about to clear them itself";
  EXPECT_TRUE(has_checkpoint(2)) << "a retry goes on from them";
  EXPECT_TRUE(has_checkpoint(3)) << "interrupted";
  EXPECT_TRUE(std::filesystem::exists(layout_.checkpoints() / "notes.txt"));
}

TEST_F(Leftovers, checkpoints_of_recorded_evaluations_go_unless_their_group_lives) {
  const auto root = layout_.evaluation("geometry");
  const SweepLayout evaluation(root);
  for (const std::int64_t seed : {0, 1, 2}) {
    record(seed, "done");
    write(evaluation.checkpoints(id(seed)) / "step-1.json", "{}");
  }
  SegmentWriter worker(sweep_, "worker");
  for (const std::int64_t seed : {0, 1}) {
    worker.append(
        Evaluated{.trial_id = id(seed), .evaluation = "geometry", .attempt = 1, .claim = 1},
        Flush::kNow);
  }
  worker.append(Evaluated{.trial_id = id(2), .evaluation = "calibration", .attempt = 1, .claim = 1},
                Flush::kNow);
  ASSERT_TRUE(try_claim(root, id(0), 1, {dead_process(), GroupName("g-0"), 1}));
  ASSERT_TRUE(try_claim(root, id(1), 1, {this_process(), GroupName("g-1"), 1}));
  ASSERT_TRUE(try_claim(root, id(2), 1, {dead_process(), GroupName("g-2"), 1}));
  remove_leftovers(sweep_);
  EXPECT_FALSE(std::filesystem::exists(evaluation.checkpoints(id(0))));
  EXPECT_TRUE(std::filesystem::exists(evaluation.checkpoints(id(1)))) << "it clears them itself";
  EXPECT_TRUE(std::filesystem::exists(evaluation.checkpoints(id(2)))) << "another suite's record";
}

TEST_F(Leftovers, a_sweep_without_any_is_left_as_it_is) {
  remove_leftovers(sweep_);
  EXPECT_FALSE(std::filesystem::exists(layout_.supervisors()));
}

}  // namespace
}  // namespace headway
