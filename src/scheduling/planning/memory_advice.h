#pragma once

#include <cstdint>
#include <string>

namespace headway {

/// What is known of a trial that ran out of memory.
struct MemoryShortage {
  std::int64_t peak_bytes = 0;      // of all ranks of its group together; a lower bound of its need
  std::int64_t resident_bytes = 0;  // of these, before the first step: libraries, data, model
  std::int64_t available_bytes = 0;  // to all processes of the machine
  int ranks = 1;
  int groups_beside = 0;
  std::int64_t shards = 1;
  std::int64_t batch_size = 1;
  bool sync_batch_norm = false;
};

/// "peak 3.1 GiB on 2 ranks (0.6 GiB of it before the first step) of 4.0 GiB; ...": how much it was
/// and what would fit. What a step adds is held for one shard at a time, so twice the shards need
/// half of it; with batch norm over the whole batch it is held for all shards at once, and only a
/// smaller batch needs less. Either changes the trial, so it is for the user to decide.
std::string memory_advice(const MemoryShortage& shortage);

}  // namespace headway
