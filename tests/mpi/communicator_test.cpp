#include "comm/communicator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/philox.h"
#include "support/test_communicator.h"

namespace headway {
namespace {

// Values whose sum depends on the order of additions.
float value_of(int rank, std::size_t i) {
  RandomStream stream(7, "test", static_cast<std::uint64_t>(rank), static_cast<std::uint32_t>(i));
  return static_cast<float>(std::ldexp(stream.normal(), static_cast<int>(stream.below(20)) - 10));
}

// The fixed tree, written out anew.
template <typename T>
T tree(int first, int count, std::size_t i) {
  if (count == 1) return static_cast<T>(value_of(first, i));
  return tree<T>(first, count / 2, i) + tree<T>(first + count / 2, count / 2, i);
}

void expect_tree_sum(Communicator& comm, std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_of(comm.rank(), i);
  comm.sum(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i], tree<float>(0, comm.size(), i)) << "element " << i;
  }
}

TEST(Communicator, sums_allocated_memory_in_tree_order) {
  Communicator& comm = test_communicator();
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{15}, std::size_t{1024}, std::size_t{70001}}) {
    expect_tree_sum(comm, comm.allocate(count));
  }
}

TEST(Communicator, sums_part_of_allocated_memory_and_leaves_the_rest) {
  Communicator& comm = test_communicator();
  const std::span<float> all = comm.allocate(100);
  all[0] = all[99] = 42;
  expect_tree_sum(comm, all.subspan(1, 98));
  EXPECT_EQ(all[0], 42);
  EXPECT_EQ(all[99], 42);
}

TEST(Communicator, sums_private_memory_with_the_same_bits) {
  std::vector<float> values(600'000);  // several messages
  expect_tree_sum(test_communicator(), values);
}

TEST(Communicator, sums_doubles_in_tree_order) {
  Communicator& comm = test_communicator();
  std::vector<double> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_of(comm.rank(), i);
  comm.sum(std::span<double>(values));
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(values[i], tree<double>(0, comm.size(), i));
}

TEST(Communicator, broadcasts_the_text_of_rank_zero) {
  Communicator& comm = test_communicator();
  const std::string text(100'000, 'x');
  EXPECT_EQ(comm.broadcast(comm.rank() == 0 ? text : "other"), text);
  EXPECT_EQ(comm.broadcast(comm.rank() == 0 ? "" : "other"), "");
}

TEST(Communicator, gathers_in_rank_order) {
  Communicator& comm = test_communicator();
  const std::vector<std::byte> own(3'000'000, static_cast<std::byte>(comm.rank() + 1));
  std::vector<std::byte> all(own.size() * static_cast<std::size_t>(comm.size()));
  comm.all_gather(own, all);
  for (std::size_t i = 0; i < all.size(); i += 1009) {
    ASSERT_EQ(static_cast<std::size_t>(all[i]), i / own.size() + 1);
  }
}

TEST(Communicator, combines_flags_of_all_ranks) {
  Communicator& comm = test_communicator();
  EXPECT_EQ(comm.combine_flags(1U << comm.rank()), (1U << comm.size()) - 1);
  EXPECT_EQ(comm.combine_flags(0), 0U);
}

TEST(Communicator, many_small_sums_in_a_row_do_not_overtake_each_other) {
  Communicator& comm = test_communicator();
  const std::span<float> values = comm.allocate(3);
  for (int round = 0; round < 2000; ++round) {
    std::fill(values.begin(), values.end(), static_cast<float>(round));
    comm.sum(values);
    ASSERT_EQ(values[2], static_cast<float>(round * comm.size()));
  }
}

}  // namespace
}  // namespace headway
