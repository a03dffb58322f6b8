#include "cluster/allocation.h"

#include <algorithm>

namespace headway {

int Allocation::gpu_count() const {
  int count = 0;
  for (const AllocatedHost& host : hosts) count += static_cast<int>(host.gpus.size());
  return count;
}

int Allocation::slots(int threads_per_rank) const {
  if (device == "cuda") return gpu_count();
  int slots = 0;
  for (const AllocatedHost& host : hosts) slots += host.cores / threads_per_rank;
  return std::max(1, slots);
}

}  // namespace headway
