#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "training/state/checkpoint.h"

namespace headway {

/// How far the passes of an evaluation over their splits have come: what a checkpoint holds of it,
/// for any number of ranks.
struct EvaluationProgress {
  /// A pass whose sums are merged over all shards.
  struct Finished {
    std::string pass;
    std::vector<double> sums;
  };
  /// The pass that comes after them. By shard of all ranks; a shard without batches has no sums.
  struct Running {
    std::string pass;
    std::vector<std::int64_t> batches = {};
    std::vector<std::vector<double>> sums = {};
  };

  std::vector<Finished> finished;  // in the order in which they run
  std::optional<Running> running;

  /// Tells two states of one evaluation apart.
  std::int64_t place() const;
};

/// What a manifest says of it. The sums are tensors beside it, see below.
nlohmann::json to_json(const EvaluationProgress& progress);
/// "evaluation.N" of finished passes, "evaluation.N.shard.K" of a running one. The bytes are those
/// of `progress`.
std::vector<NamedTensor> named_tensors(const EvaluationProgress& progress);
/// What `checkpoint` holds; nothing of one that was written outside an evaluation.
EvaluationProgress evaluation_progress(const LoadedCheckpoint& checkpoint);

/// What this rank has summed up of one of its shards.
struct ShardSums {
  std::int64_t batches = 0;
  std::vector<double> sums;
};

/// A pass that begins.
struct PassShape {
  std::string pass;                        // says in words over what
  std::size_t sum_count = 0;               // values that a shard sums up
  std::vector<std::int64_t> batches = {};  // by shard of all ranks
};

/// The passes of an evaluation while they run, each rank with its own shards. Passes that repeat
/// those of a progress that was resumed from, in the same order, are not made again, and one that
/// was broken off goes on at the batch where it stopped.
class EvaluationPasses {
 public:
  EvaluationPasses(std::int64_t shards, Communicator& comm) : shards_(shards), comm_(comm) {}

  /// The passes that follow are the first of an evaluation, of which `progress` is known.
  void restart(EvaluationProgress progress);
  /// Begins the next pass. Its merged sums, when they are known.
  std::optional<std::vector<double>> begin(const PassShape& shape);

  // Of the pass that was begun and is not known:
  /// Batches that are done at its begin, by shard of all ranks.
  const std::vector<std::int64_t>& batches_at_begin() const { return batches_at_begin_; }
  /// This rank's shards.
  std::vector<ShardSums>& own() { return own_; }
  /// It is done; `merged`: over all shards and ranks.
  void finish(std::vector<double> merged);

  /// As it stands now. Collective.
  EvaluationProgress gather() const;

 private:
  EvaluationProgress::Running gather_running() const;

  std::int64_t shards_;
  Communicator& comm_;
  EvaluationProgress known_;
  std::size_t next_ = 0;                // pass
  std::optional<std::string> running_;  // the pass that own_ belongs to
  std::vector<std::int64_t> batches_at_begin_;
  std::vector<ShardSums> own_;
};

}  // namespace headway
