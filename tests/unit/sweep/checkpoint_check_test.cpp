#include "sweep/checkpoint_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <span>

#include "base/sweep_layout.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"
#include "training/state/checkpoint.h"

namespace headway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(CheckpointCheck, remarks_on_one_that_cannot_be_used_and_leaves_it) {
  const TemporaryDirectory sweep;
  const auto folder = SweepLayout(sweep.path()).checkpoints(small_trial(0).trial_id);
  const std::vector<float> values{1, 2, 3, 4};
  const std::vector<NamedTensor> tensors{{"w", "F32", {4}, std::as_bytes(std::span(values))}};
  EXPECT_THAT(check_checkpoints(sweep.path()), IsEmpty());
  for (const int step : {10, 20}) CheckpointFolder(folder).save(step, tensors, {{"epoch", 1}});
  EXPECT_THAT(check_checkpoints(sweep.path()), IsEmpty());
  const auto file = folder / "step-20.safetensors";
  std::string text = text_of(file);
  text.back() ^= 1;
  std::ofstream(file, std::ios::binary) << text;
  const auto problems = check_checkpoints(sweep.path());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].finding, FsckFinding::kRemark);
  EXPECT_EQ(problems[0].where, folder.string());
  EXPECT_THAT(problems[0].message, AllOf(HasSubstr("step 20: "), HasSubstr("does not match")));
  EXPECT_EQ(text_of(file), text);
}

TEST(CheckpointCheck, remarks_on_what_stands_in_the_place_of_folders) {
  const TemporaryDirectory sweep;
  const auto all = SweepLayout(sweep.path()).checkpoints();
  std::ofstream(all) << "";
  auto problems = check_checkpoints(sweep.path());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].where, all.string());
  EXPECT_THAT(problems[0].message, HasSubstr("it is no directory"));
  std::filesystem::remove(all);
  std::filesystem::create_directory(all);
  const auto pipe = all / small_trial(0).trial_id.text();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/null", all / small_trial(1).trial_id.text());
  problems = check_checkpoints(sweep.path());
  ASSERT_EQ(problems.size(), 2U);
  for (const FsckProblem& one : problems) {
    EXPECT_EQ(one.finding, FsckFinding::kRemark);
    EXPECT_THAT(one.message, HasSubstr("cannot be used: "));
  }
}

}  // namespace
}  // namespace headway
