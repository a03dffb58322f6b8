#pragma once

#include <cstdint>
#include <vector>

#include "models/parameter_set.h"
#include "training/flat_parameters.h"

namespace headway {

/// Sums the gradients of a step over this rank's shards and then over ranks, in one fixed binary
/// tree. With bfloat16 gradients every node of the tree is rounded, each shard's own gradients
/// among them, so that the number of ranks does not show. Shards come in their order.
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

  /// Gradients that arrive from now on are of this rank's shard number `local`.
  void select_shard(std::int64_t local) { local_ = local; }
  /// All gradients of the selected shard have been set and merged by other means, as at its last
  /// backward pass.
  void set_arrived();
  /// After the last shard. What did not arrive, of shards without samples for one, is zero.
  void end_step();

 private:
  struct ArrivalHook;

  void hook(std::size_t parameter);
  void arrived(std::size_t parameter);
  bool is_complete(std::size_t parameter) const { return merged_[parameter] == shards_; }
  void merge(std::size_t parameter);
  void merge_zeros(std::size_t parameter, std::int64_t end);
  at::Tensor rounded(at::Tensor gradients) const;

  const ParameterSet& parameters_;
  FlatParameters& flat_;
  std::int64_t shards_;
  std::int64_t local_ = 0;
  std::vector<std::int64_t> merged_;      // shards whose gradient is in, for each parameter
  std::size_t next_ = 0;                  // of flat_.order(): the first parameter not complete
  std::vector<unsigned> layout_hooks_;    // their numbers, one per parameter
  std::vector<at::Tensor> partial_sums_;  // one per level of the tree within this rank
};

}  // namespace headway
