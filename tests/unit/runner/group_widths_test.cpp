#include "runner/supervisor/group_widths.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

std::vector<WaitingTrial> waiting(int count, std::int64_t shards) {
  return std::vector<WaitingTrial>(static_cast<std::size_t>(count), {1.0, shards});
}

// Starts groups until nothing more is to be started.
std::vector<int> fill(const GroupLimits& limits, GroupLoad load) {
  while (const auto width = next_group_width(limits, load)) {
    load.widths.push_back(*width);
    ++load.unclaimed_groups;
  }
  return load.widths;
}

TEST(GroupWidths, plenty_of_trials_fill_the_slots_with_single_ranks) {
  EXPECT_EQ(fill({.slots = 4}, {.waiting = waiting(100, 8)}), (std::vector<int>{1, 1, 1, 1}));
}

TEST(GroupWidths, few_trials_share_the_slots) {
  EXPECT_EQ(fill({.slots = 8}, {.waiting = waiting(2, 8)}), (std::vector<int>{4, 4}));
  EXPECT_EQ(fill({.slots = 8}, {.waiting = waiting(1, 8)}), (std::vector<int>{8}));
  EXPECT_EQ(fill({.slots = 8}, {.waiting = waiting(3, 8)}), (std::vector<int>{2, 2, 4}));
}

TEST(GroupWidths, shards_bound_the_width) {
  EXPECT_EQ(fill({.slots = 8}, {.waiting = waiting(2, 2)}), (std::vector<int>{2, 2}));
  EXPECT_EQ(fill({.slots = 8}, {.waiting = waiting(2, 1)}), (std::vector<int>{1, 1}));
}

TEST(GroupWidths, the_tail_gets_the_slots_that_are_free) {
  EXPECT_EQ(fill({.slots = 4}, {.widths = {1, 1}, .waiting = waiting(1, 4)}),
            (std::vector<int>{1, 1, 2}));
}

TEST(GroupWidths, a_fixed_width_is_kept_where_the_shards_allow) {
  EXPECT_EQ(fill({.slots = 8, .ranks = 2}, {.waiting = waiting(9, 4)}),
            (std::vector<int>{2, 2, 2, 2}));
  EXPECT_EQ(fill({.slots = 2, .ranks = 2}, {.waiting = waiting(9, 1)}), (std::vector<int>{1, 1}));
}

TEST(GroupWidths, no_more_groups_than_asked_for) {
  EXPECT_EQ(fill({.slots = 8, .max_groups = 2}, {.waiting = waiting(50, 1)}),
            (std::vector<int>{1, 1}));
  EXPECT_EQ(fill({.slots = 8, .max_groups = 2}, {.waiting = waiting(50, 4)}),
            (std::vector<int>{4, 4}));
}

TEST(GroupWidths, groups_that_are_starting_are_counted_for_a_trial_each) {
  EXPECT_FALSE(next_group_width({.slots = 4},
                                {.widths = {1}, .unclaimed_groups = 1, .waiting = waiting(1, 4)}));
}

TEST(GroupWidths, nothing_is_started_when_nothing_waits) {
  EXPECT_FALSE(next_group_width({.slots = 4}, {}));
}

TEST(GroupLimits, who_asks_for_more_than_fits_gets_it) {
  EXPECT_EQ(group_limits(2, std::nullopt, std::nullopt).slots, 2);
  EXPECT_EQ(group_limits(2, 2, 3).slots, 6);
  EXPECT_EQ(group_limits(1, 4, std::nullopt).slots, 4);
  EXPECT_EQ(group_limits(0, std::nullopt, std::nullopt).slots, 1);
}

}  // namespace
}  // namespace headway
