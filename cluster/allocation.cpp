#include "cluster/allocation.h"

#include <algorithm>
#include <numeric>

namespace headway {

int Allocation::gpu_count() const {
  int count = 0;
  for (const AllocatedHost& host : hosts) count += static_cast<int>(host.gpus.size());
  return count;
}

int Allocation::core_count() const {
  int count = 0;
  for (const AllocatedHost& host : hosts) count += host.cores;
  return count;
}

std::vector<int> Allocation::slots_by_host(int threads_per_rank) const {
  std::vector<int> slots;
  for (const AllocatedHost& host : hosts) {
    slots.push_back(device == "cuda" ? static_cast<int>(host.gpus.size())
                                     : host.cores / threads_per_rank);
  }
  const bool has_slot = std::ranges::any_of(slots, [](int count) { return count > 0; });
  if (has_slot || device == "cuda" || hosts.empty()) return slots;
  slots[static_cast<std::size_t>(std::ranges::max_element(hosts, {}, &AllocatedHost::cores) -
                                 hosts.begin())] = 1;
  return slots;
}

int Allocation::slots(int threads_per_rank) const {
  const std::vector<int> by_host = slots_by_host(threads_per_rank);
  return std::accumulate(by_host.begin(), by_host.end(), 0);
}

}  // namespace headway
