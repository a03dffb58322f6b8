#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "comm/communicator.h"
#include "models/parameter_set.h"

namespace headway {

/// Batch-norm statistics belong to a shard of the global batch: each shard has its own copy, and a
/// copy is switched into the model before that shard's forward pass. Evaluation uses their mean, in
/// the fixed tree order, and of counts the largest.
class ShardBuffers {
 public:
  /// `shards` in all, of which this rank holds a contiguous block. The copies are on the buffers'
  /// device.
  ShardBuffers(ParameterSet& parameters, std::int64_t shards, Communicator& comm);

  /// Makes the model use the copy of this rank's `local` shard.
  void select(std::int64_t local);
  /// Gives all shards the copy of shard `shard`, of all ranks'. Collective.
  void copy_to_all(std::int64_t shard);
  /// Makes the model use the mean over all shards. Collective.
  void select_mean();

  /// [shards, bytes of one copy] of all ranks, for a checkpoint. Collective.
  std::vector<std::byte> gather() const;
  /// The other way round: takes this rank's block out of all shards' copies.
  void restore(std::span<const std::byte> all);

 private:
  struct Slot {
    Buffer* buffer;
    std::int64_t offset;  // in floats or int64s
  };
  std::vector<at::Tensor> views_of(const at::Tensor& floats, const at::Tensor& integers) const;
  void point_at(const std::vector<at::Tensor>& views);
  at::Tensor largest_integers() const;
  std::size_t copy_bytes() const;

  Communicator& comm_;
  std::int64_t shards_;
  std::int64_t local_shards_;
  std::vector<Slot> float_slots_;
  std::vector<Slot> integer_slots_;
  at::Tensor floats_;    // [local shards, n]
  at::Tensor integers_;  // [local shards, m]
  at::Tensor mean_floats_;
  at::Tensor mean_integers_;
  std::vector<std::vector<at::Tensor>> shard_views_;  // made once: shards may change often
  std::vector<at::Tensor> mean_views_;
};

}  // namespace headway
