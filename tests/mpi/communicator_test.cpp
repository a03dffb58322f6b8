// Every test runs on ranks of one node and of several emulated ones (HEADWAY_TEST_NODES).
#include "comm/communicator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "base/philox.h"
#include "support/test_communicator.h"

namespace headway {
namespace {

constexpr std::size_t kCounts[] = {0, 1, 15, 16, 17, 1024, 70001, 262145};
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Values whose sum depends on the order of additions.
float value_of(int rank, std::size_t i) {
  RandomStream stream(7, "test", static_cast<std::uint64_t>(rank), static_cast<std::uint32_t>(i));
  return static_cast<float>(std::ldexp(stream.normal(), static_cast<int>(stream.below(20)) - 10));
}

// To eight significant bits, ties to even, by the C library's rounding.
float to_bf16(float value) {
  int exponent = 0;
  const float fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
}

// The fixed tree, written out anew.
template <typename T>
T tree(int first, int count, std::size_t i) {
  if (count == 1) return static_cast<T>(value_of(first, i));
  return tree<T>(first, count / 2, i) + tree<T>(first + count / 2, count / 2, i);
}

float bf16_tree(int first, int count, std::size_t i) {
  if (count == 1) return to_bf16(value_of(first, i));
  return to_bf16(bf16_tree(first, count / 2, i) + bf16_tree(first + count / 2, count / 2, i));
}

void fill(std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = value_of(test_communicator().rank(), i);
  }
}

void expect_tree_sum(std::span<const float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i], tree<float>(0, test_communicator().size(), i)) << "element " << i;
  }
}

TEST(Communicator, sums_an_array_in_tree_order) {
  for (const std::size_t count : kCounts) {
    const auto array = test_communicator().make_array(count, SumPrecision::kFloat32);
    ASSERT_EQ(array->values().size(), count);
    for (const float value : array->values()) ASSERT_EQ(value, 0);
    for (int round = 0; round < 2; ++round) {
      array->begin_write();
      fill(array->values());
      array->all_reduce();
      expect_tree_sum(array->result());
      array->end_read();
    }
  }
}

TEST(Communicator, sums_the_same_however_early_parts_are_announced) {
  constexpr std::size_t kCount = 2'000'000;  // several chunks
  const int own = test_communicator().rank();
  const auto array = test_communicator().make_array(kCount, SumPrecision::kFloat32);
  for (int round = 0; round < 3; ++round) {
    array->begin_write();
    fill(array->values());
    const std::size_t step = 1 + 100'003 * static_cast<std::size_t>(own + round);
    for (std::size_t count = step; count < kCount && own != round; count += step) {
      array->mark_ready(count);
    }
    array->all_reduce();
    for (std::size_t i = 0; i < kCount; i += 997) {
      ASSERT_EQ(array->result()[i], tree<float>(0, test_communicator().size(), i));
    }
    array->end_read();
  }
}

TEST(Communicator, rounds_every_partial_sum_to_bfloat16_if_asked_to) {
  for (const std::size_t count : kCounts) {
    const auto array = test_communicator().make_array(count, SumPrecision::kBfloat16);
    fill(array->values());
    for (float& value : array->values()) value = to_bf16(value);
    array->all_reduce();
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(array->result()[i], bf16_tree(0, test_communicator().size(), i)) << i;
    }
  }
}

TEST(Communicator, sums_private_memory_with_the_same_bits) {
  for (const std::size_t count : kCounts) {
    std::vector<float> values(count);
    fill(values);
    test_communicator().all_reduce_sum(std::span<float>(values));
    expect_tree_sum(values);
  }
}

TEST(Communicator, sums_more_private_memory_than_travels_at_once) {
  std::vector<float> values(2'000'000);
  const auto own = static_cast<float>(1 << test_communicator().rank());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = own * static_cast<float>(i % 1021);
  test_communicator().all_reduce_sum(std::span<float>(values));
  const auto all = static_cast<float>((1 << test_communicator().size()) - 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i], all * static_cast<float>(i % 1021));
  }
}

TEST(Communicator, sums_doubles_in_tree_order) {
  Communicator& comm = test_communicator();
  for (const std::size_t count : kCounts) {
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = value_of(comm.rank(), i);
    comm.all_reduce_sum(std::span<double>(values));
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(values[i], tree<double>(0, comm.size(), i));
    }
  }
}

TEST(Communicator, carries_nan_infinities_and_denormals_through) {
  Communicator& comm = test_communicator();
  const bool last = comm.rank() + 1 == comm.size();
  constexpr float kTiny = 1e-40F;
  for (const auto precision : {SumPrecision::kFloat32, SumPrecision::kBfloat16}) {
    const auto array = comm.make_array(4, precision);
    const std::span<float> values = array->values();
    values[0] = last ? std::numeric_limits<float>::quiet_NaN() : 1;
    values[1] = last ? -kInfinity : 1;
    values[2] = kInfinity * (comm.rank() % 2 == 0 ? 1 : -1);
    values[3] = std::ldexp(1.0F, -133);  // the smallest that bfloat16 has
    array->all_reduce();
    const std::span<const float> total = array->result();
    EXPECT_TRUE(std::isnan(total[0]));
    EXPECT_EQ(total[1], -kInfinity);
    EXPECT_EQ(std::isnan(total[2]), comm.size() > 1);
    EXPECT_EQ(total[3], std::ldexp(static_cast<float>(comm.size()), -133));
  }
  std::vector<float> tiny(3, kTiny);
  comm.all_reduce_sum(std::span<float>(tiny));
  EXPECT_EQ(tiny[2], static_cast<float>(comm.size()) * kTiny);
}

TEST(Communicator, many_small_sums_in_a_row_do_not_overtake_each_other) {
  Communicator& comm = test_communicator();
  const auto array = comm.make_array(3, SumPrecision::kFloat32);
  const std::span<float> values = array->values();
  for (int round = 0; round < 2000; ++round) {
    array->begin_write();
    std::fill(values.begin(), values.end(), static_cast<float>(round));
    array->all_reduce();
    ASSERT_EQ(array->result()[2], static_cast<float>(round * comm.size()));
    array->end_read();
  }
}

TEST(Communicator, a_total_stays_until_the_slowest_rank_has_read_it) {
  Communicator& comm = test_communicator();
  const auto array = comm.make_array(3, SumPrecision::kFloat32);
  for (int round = 1; round < 20; ++round) {
    array->begin_write();
    std::ranges::fill(array->values(), static_cast<float>(round));
    array->all_reduce();
    if (round % comm.size() == comm.rank()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ASSERT_EQ(array->result()[2], static_cast<float>(round * comm.size()));
    array->end_read();
  }
}

TEST(Communicator, more_shared_memory_than_there_is_is_an_error_on_all_ranks) {
  if (test_communicator().size() == 1) GTEST_SKIP() << "one rank shares nothing";
  constexpr std::size_t kTooMany = std::size_t{1} << 44;
  try {
    test_communicator().make_array(kTooMany, SumPrecision::kFloat32);
    FAIL() << "no error";
  } catch (const EnvironmentError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("of shared memory for the gradients of"));
  }
  test_communicator().barrier();  // and they go on together
}

TEST(Communicator, names_the_ranks_that_disagree_with_rank_zero) {
  Communicator& comm = test_communicator();
  expect_agreement(comm, "the weather", "fine");
  if (comm.size() == 1) return;
  const bool last = comm.rank() + 1 == comm.size();
  try {
    expect_agreement(comm, "the weather", last ? "rain" : "fine");
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_EQ(std::string(error.what()),
              "ranks disagree about the weather: rank 0 has 'fine', but rank " +
                  std::to_string(comm.size() - 1) +
                  " has something else; start the same build with the same options on every node");
  }
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
  EXPECT_EQ(comm.all_reduce_or(1U << comm.rank()), (1U << comm.size()) - 1);
  EXPECT_EQ(comm.all_reduce_or(0), 0U);
}

}  // namespace
}  // namespace headway
