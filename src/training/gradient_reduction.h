#pragma once

#include <cstdint>
#include <vector>

#include "models/parameter_set.h"
#include "training/flat_parameters.h"

namespace headway {

/// Sums the gradients of a step over this rank's shards, which are computed one after the other,
/// and then over ranks, in one fixed binary tree. With bfloat16 gradients every node of the tree is
/// rounded, each shard's own gradients among them, so that the number of ranks does not show.
///
/// The sum over ranks begins during the last shard's backward pass, from the front of the flat
/// gradients, as far as they have arrived.
class GradientReduction {
 public:
  /// `parameters` and `flat` belong together and must outlive this.
  GradientReduction(const ParameterSet& parameters, FlatParameters& flat, std::int64_t shards);
  GradientReduction(const GradientReduction&) = delete;
  GradientReduction& operator=(const GradientReduction&) = delete;
  ~GradientReduction();

  /// Before the backward pass of this rank's shard number `local`; shards come in their order.
  void begin_shard(std::int64_t local);
  /// After it, or when the shard has no samples.
  void end_shard();

 private:
  struct ArrivalHook;

  void hook(std::size_t parameter);
  void arrived(std::size_t parameter);
  bool is_last_shard() const { return local_ + 1 == shards_; }
  void merge_up_to(std::size_t end);
  at::Tensor rounded(at::Tensor gradients) const;

  const ParameterSet& parameters_;
  FlatParameters& flat_;
  std::int64_t shards_;
  std::int64_t local_ = 0;
  std::size_t merged_ = 0;  // gradients of the running shard, from the front
  std::size_t next_ = 0;    // of flat_.order(): the first parameter that has not arrived
  std::vector<bool> arrived_;
  std::vector<unsigned> layout_hooks_;    // their numbers, one per parameter
  std::vector<at::Tensor> partial_sums_;  // one per level of the tree within this rank
};

}  // namespace headway
