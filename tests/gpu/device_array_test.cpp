// Sums in GPU memory. What they add and round is compared, bit for bit, with what CPUs do (bf16.h).
#include "comm/nccl/device_array.h"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <tuple>
#include <vector>

#include "base/bf16.h"
#include "base/philox.h"
#include "comm/nccl/device_sum.h"

namespace headway {
namespace {

constexpr std::size_t kCount = 100'003;  // no multiple of any block

/// An array in GPU memory, from a host array and back.
template <typename T>
class OnDevice {
 public:
  explicit OnDevice(const std::vector<T>& values) : count_(values.size()) {
    EXPECT_EQ(cudaMalloc(&address_, count_ * sizeof(T)), cudaSuccess);
    EXPECT_EQ(cudaMemcpy(address_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice),
              cudaSuccess);
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  ~OnDevice() { cudaFree(address_); }
  T* get() const { return static_cast<T*>(address_); }
  std::vector<T> read() const {
    std::vector<T> values(count_);
    EXPECT_EQ(cudaMemcpy(values.data(), address_, count_ * sizeof(T), cudaMemcpyDeviceToHost),
              cudaSuccess);
    return values;
  }

 private:
  std::size_t count_;
  void* address_ = nullptr;
};

/// Values of many sizes, and those that rounding must not lose.
std::vector<float> values(std::uint64_t seed) {
  RandomStream stream(seed, "values");
  std::vector<float> result(kCount);
  for (float& value : result) {
    const int exponent = static_cast<int>(stream.below(60)) - 30;
    value = static_cast<float>(std::ldexp(stream.uniform() - 0.5, exponent));
  }
  result[0] = std::numeric_limits<float>::infinity();
  result[1] = std::numeric_limits<float>::max();
  result[2] = std::ldexp(1.0F, -133);
  result[3] = 1.0F + 1.0F / 256;  // half way between two
  result[4] = std::numeric_limits<float>::quiet_NaN();
  return result;
}

std::vector<float> representable(std::uint64_t seed) {
  std::vector<float> result = values(seed);
  round_to_bf16(result);
  return result;
}

std::vector<std::uint16_t> packed(const std::vector<float>& values) {
  std::vector<std::uint16_t> result(values.size());
  pack_bf16(values, result);
  return result;
}

void expect_same_bits(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(found[i]) && std::isnan(expected[i])) continue;
    ASSERT_EQ(std::memcmp(&found[i], &expected[i], sizeof(float)), 0)
        << "element " << i << ": " << found[i] << " instead of " << expected[i];
  }
}

TEST(DeviceSum, adds_as_cpus_do) {
  const std::vector<float> own = values(1);
  const std::vector<float> received = values(2);
  const OnDevice<float> sum(own);
  add_on_device(sum.get(), OnDevice<float>(received).get(), kCount, nullptr);
  std::vector<float> expected = own;
  for (std::size_t i = 0; i < kCount; ++i) expected[i] += received[i];
  expect_same_bits(sum.read(), expected);
}

TEST(DeviceSum, packs_bfloat16_as_cpus_do_and_unpacks_it) {
  const std::vector<float> own = values(3);
  const OnDevice<std::uint16_t> two_bytes(std::vector<std::uint16_t>(kCount, 0xABCD));
  pack_on_device(OnDevice<float>(own).get(), two_bytes.get(), kCount, nullptr);
  const OnDevice<float> back(std::vector<float>(kCount, 7));
  unpack_on_device(two_bytes.get(), back.get(), kCount, nullptr);
  std::vector<float> expected = own;
  round_to_bf16(expected);
  expect_same_bits(back.read(), expected);
}

TEST(DeviceSum, adds_bfloat16_and_rounds_as_cpus_do) {
  const std::vector<float> own = representable(4);
  const std::vector<std::uint16_t> received = packed(representable(5));
  const OnDevice<float> sum(own);
  add_packed_on_device(OnDevice<std::uint16_t>(received).get(), sum.get(), kCount, nullptr);
  std::vector<float> expected = own;
  add_packed_bf16(received, expected);
  expect_same_bits(sum.read(), expected);
}

class DeviceArray : public testing::TestWithParam<std::tuple<SumPrecision, bool>> {};

TEST_P(DeviceArray, on_one_rank_the_sum_is_what_was_written_however_it_was_announced) {
  const auto [precision, ordered] = GetParam();
  const auto comm = make_single_process_communicator();
  constexpr std::size_t kLarge = 9'000'001;  // three buckets, the last one not full
  const auto array = make_device_array(*comm, kLarge, {precision, ordered});
  for (const std::size_t announced : {std::size_t{0}, std::size_t{5'000'000}, kLarge}) {
    std::vector<float> own(kLarge);
    for (std::size_t i = 0; i < kLarge; ++i) own[i] = static_cast<float>((i + announced) % 128);
    array->begin_write();
    ASSERT_EQ(cudaMemcpy(array->values().data(), own.data(), kLarge * 4, cudaMemcpyHostToDevice),
              cudaSuccess);
    if (announced > 0) array->mark_ready(announced);
    array->all_reduce();
    std::vector<float> total(kLarge);
    ASSERT_EQ(cudaMemcpy(total.data(), array->result().data(), kLarge * 4, cudaMemcpyDeviceToHost),
              cudaSuccess);
    array->end_read();
    expect_same_bits(total, own);
  }
}

INSTANTIATE_TEST_SUITE_P(PrecisionsAndOrders,
                         DeviceArray,
                         testing::Combine(testing::Values(SumPrecision::kFloat32,
                                                          SumPrecision::kBfloat16),
                                          testing::Bool()));

}  // namespace
}  // namespace headway
