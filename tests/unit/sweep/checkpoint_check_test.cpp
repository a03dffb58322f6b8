#include "sweep/checkpoint_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace headway
