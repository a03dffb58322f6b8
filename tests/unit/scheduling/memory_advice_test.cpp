#include "scheduling/planning/memory_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headway {
namespace {

using testing::HasSubstr;
using testing::Not;
constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;

MemoryShortage shortage() {
  return {.peak_bytes = 5 * kGibibyte,
          .resident_bytes = 1 * kGibibyte,
          .available_bytes = 4 * kGibibyte,
          .ranks = 2,
          .shards = 2,
          .batch_size = 128};
}

TEST(MemoryAdvice, it_names_the_peak_and_what_there_is) {
  const std::string text = memory_advice(shortage());
  EXPECT_THAT(text, HasSubstr("peak 5.0 GiB on 2 ranks"));
  EXPECT_THAT(text, HasSubstr("(1.0 GiB of it before the first step)"));
  EXPECT_THAT(text, HasSubstr("of 4.0 GiB"));
}

TEST(MemoryAdvice, twice_the_shards_need_half_of_what_a_step_adds) {
  // 1 GiB + 4 GiB / 2 = 3 GiB, within 90 % of 4 GiB.
  EXPECT_THAT(memory_advice(shortage()), HasSubstr("training.shards=4 needs about 3.0 GiB"));
}

TEST(MemoryAdvice, it_names_the_fewest_shards_that_fit) {
  MemoryShortage tight = shortage();
  tight.available_bytes = 2 * kGibibyte;
  // 1 + 4/2, 1 + 4/4, 1 + 4/8 GiB: the last is the first below 1.8 GiB.
  EXPECT_THAT(memory_advice(tight), HasSubstr("training.shards=16 needs about 1.5 GiB"));
}

TEST(MemoryAdvice, memory_is_shared_with_groups_beside) {
  MemoryShortage crowded = shortage();
  crowded.groups_beside = 1;
  const std::string text = memory_advice(crowded);
  EXPECT_THAT(text, HasSubstr("shared with 1 other group"));
  EXPECT_THAT(text, HasSubstr("training.shards=16"));
}

TEST(MemoryAdvice, a_batch_of_one_shard_per_image_cannot_be_cut_further) {
  MemoryShortage single = shortage();
  single.batch_size = 2;
  EXPECT_THAT(memory_advice(single), HasSubstr("as small as it gets"));
}

TEST(MemoryAdvice, more_shards_do_not_help_when_all_are_held_at_once) {
  MemoryShortage synced = shortage();
  synced.sync_batch_norm = true;
  const std::string text = memory_advice(synced);
  EXPECT_THAT(text, HasSubstr("a smaller training.batch_size needs less"));
  EXPECT_THAT(text, Not(HasSubstr("training.shards")));
}

TEST(MemoryAdvice, it_claims_nothing_that_was_not_measured) {
  EXPECT_EQ(memory_advice({}), "the peak is not known");
}

}  // namespace
}  // namespace headway
