#include "cluster/slurm/slot_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace headway {
namespace {

using testing::ElementsAre;
using Shares = std::vector<NodeShare>;

TEST(SlotMap, a_group_stands_on_one_node_where_it_fits) {
  SlotMap slots({4, 2, 4});
  EXPECT_EQ(slots.take(4), Shares({{0, 4}}));
  EXPECT_EQ(slots.take(4), Shares({{2, 4}}));
  EXPECT_EQ(slots.take(2), Shares({{1, 2}}));
  EXPECT_EQ(slots.take(1), std::nullopt);
  EXPECT_EQ(slots.free(), 0);
}

TEST(SlotMap, narrow_groups_leave_the_emptier_nodes_to_wide_ones) {
  SlotMap slots({4, 2, 4});
  EXPECT_EQ(slots.take(1), Shares({{1, 1}})) << "the node that it fills best";
  EXPECT_EQ(slots.take(1), Shares({{1, 1}}));
  EXPECT_EQ(slots.take(1), Shares({{0, 1}}));
  EXPECT_EQ(slots.take(2), Shares({{0, 2}})) << "where a rank stands already";
  EXPECT_EQ(slots.take(4), Shares({{2, 4}}));
}

TEST(SlotMap, one_rank_goes_to_the_preferred_node_while_that_has_room) {
  SlotMap slots({1, 2}, 1);
  EXPECT_EQ(slots.take(1), Shares({{1, 1}}));
  EXPECT_EQ(slots.take(1), Shares({{1, 1}}));
  EXPECT_EQ(slots.take(1), Shares({{0, 1}}));
}

TEST(SlotMap, wider_groups_take_equal_shares_of_few_nodes) {
  SlotMap slots({3, 2, 3});
  EXPECT_EQ(slots.take(4), Shares({{0, 2}, {1, 2}})) << "neighbours that it fills best";
  SlotMap small({1, 1, 1, 1, 1});
  EXPECT_EQ(small.take(4), Shares({{0, 1}, {1, 1}, {2, 1}, {3, 1}}));
  SlotMap whole({2, 1, 2, 2, 1});
  EXPECT_EQ(whole.take(4), Shares({{2, 2}, {3, 2}})) << "whole nodes side by side";
}

TEST(SlotMap, where_shares_cannot_be_equal_a_group_takes_what_there_is) {
  SlotMap slots({3, 1});
  EXPECT_EQ(slots.take(4), Shares({{0, 3}, {1, 1}}));
  SlotMap others({1, 0, 3});
  EXPECT_EQ(others.take(4), Shares({{0, 1}, {2, 3}}));
}

TEST(SlotMap, nodes_without_slots_are_passed_over) {
  SlotMap slots({0, 0, 1});
  EXPECT_EQ(slots.take(2), std::nullopt);
  EXPECT_EQ(slots.take(1), Shares({{2, 1}}));
  SlotMap none({});
  EXPECT_EQ(none.take(1), std::nullopt);
}

/// Groups come and go at random on nodes of random size.
class ComingAndGoing {
 public:
  explicit ComingAndGoing(unsigned seed) : random_(seed) {
    const int nodes = number(1, 9);
    for (int i = 0; i < nodes; ++i) sizes_.push_back(number(0, 6));
    held_.resize(sizes_.size());
  }

  void run() {
    SlotMap slots(sizes_, static_cast<std::size_t>(number(0, int(sizes_.size()) - 1)));
    std::vector<Shares> groups;
    for (int turn = 0; turn < 200; ++turn) {
      if (!groups.empty() && number(0, 2) == 0) {
        const auto gone = groups.begin() + number(0, int(groups.size()) - 1);
        hold(*gone, -1);
        slots.give_back(*gone);
        groups.erase(gone);
      } else {
        const int ranks = 1 << number(0, 3);
        const int free = slots.free();
        const auto shares = slots.take(ranks);
        ASSERT_EQ(shares.has_value(), free >= ranks) << "a group starts when there is room";
        if (!shares) continue;
        ASSERT_EQ(ranks_of(*shares), ranks);
        hold(*shares, 1);
        groups.push_back(*shares);
      }
      expect_within_sizes(slots.free());
    }
    for (const Shares& group : groups) slots.give_back(group);
    EXPECT_EQ(slots.free(), std::accumulate(sizes_.begin(), sizes_.end(), 0)) << "all came back";
  }

 private:
  int number(int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random_);
  }
  static int ranks_of(const Shares& shares) {
    int ranks = 0;
    for (const NodeShare& share : shares) ranks += share.ranks;
    return ranks;
  }
  void hold(const Shares& shares, int sign) {
    for (const NodeShare& share : shares) {
      EXPECT_GT(share.ranks, 0);
      held_[share.node] += sign * share.ranks;
    }
  }
  void expect_within_sizes(int free) const {
    int expected_free = 0;
    for (std::size_t node = 0; node < sizes_.size(); ++node) {
      EXPECT_LE(held_[node], sizes_[node]) << "node " << node << " is booked twice";
      expected_free += sizes_[node] - held_[node];
    }
    EXPECT_EQ(free, expected_free);
  }

  std::mt19937 random_;
  std::vector<int> sizes_;
  std::vector<int> held_;
};

TEST(SlotMap, no_slot_is_ever_booked_twice_and_all_come_back) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    ComingAndGoing(seed).run();
  }
}

}  // namespace
}  // namespace headway
