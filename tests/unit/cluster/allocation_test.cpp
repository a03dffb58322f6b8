#include "cluster/allocation.h"

#include <gtest/gtest.h>

#include <fstream>

#include "cluster/local/local_launcher.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

TEST(Allocation, cpu_slots_are_counted_host_by_host) {
  const Allocation allocation{.device = "cpu", .hosts = {{"a", 7}, {"b", 4}}};
  EXPECT_EQ(allocation.slots(1), 11);
  EXPECT_EQ(allocation.slots(2), 5) << "a rank's threads are of one host";
  EXPECT_EQ(allocation.slots(64), 1) << "too few cores for the threads still run one rank";
}

TEST(Allocation, each_host_has_slots_of_its_own) {
  const Allocation allocation{.device = "cpu", .hosts = {{"a", 3}, {"b", 8}, {"c", 1}}};
  EXPECT_EQ(allocation.slots_by_host(2), (std::vector<int>{1, 4, 0}));
  EXPECT_EQ(allocation.slots_by_host(64), (std::vector<int>{0, 1, 0})) << "on the largest one";
  EXPECT_EQ(allocation.core_count(), 12);
}

TEST(Allocation, a_rank_has_a_gpu_of_its_own) {
  const Allocation allocation{.device = "cuda", .hosts = {{"a", 64, {0, 1}}, {"b", 64, {3}}}};
  EXPECT_EQ(allocation.gpu_count(), 3);
  EXPECT_EQ(allocation.slots(4), 3);
}

TEST(LocalAllocation, this_machine_is_its_only_host_and_it_has_no_end) {
  const Allocation allocation = local_allocation("cpu", "/no/such/worker");
  ASSERT_EQ(allocation.hosts.size(), 1U);
  EXPECT_GE(allocation.hosts.front().cores, 1);
  EXPECT_FALSE(allocation.seconds_left);
}

TEST(LocalAllocation, gpus_are_those_that_the_environment_names_or_the_driver_shows) {
  const TemporaryDirectory devices;
  for (const char* name : {"nvidia1", "nvidia0", "nvidiactl", "nvidia-uvm"}) {
    std::ofstream(devices.path() / name) << "";
  }
  ::unsetenv("CUDA_VISIBLE_DEVICES");
  EXPECT_EQ(visible_gpus(devices.path()), (std::vector<int>{0, 1}));
  ::setenv("CUDA_VISIBLE_DEVICES", "2,0,none,1", 1);
  EXPECT_EQ(visible_gpus(devices.path()), (std::vector<int>{2, 0}));
  ::unsetenv("CUDA_VISIBLE_DEVICES");
}

}  // namespace
}  // namespace headway
