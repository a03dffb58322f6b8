#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "models/class_vectors/class_vectors.h"
#include "training/sink.h"
#include "training/state/training_state.h"

namespace headway {

/// The value called `name`; it must be there.
double value_of(const Metrics& metrics, const std::string& name);

/// Of one split; it must be there.
double top1_accuracy_of(const Metrics& metrics);

/// What an epoch's training batches say; top5_accuracy when there are more than five classes.
/// `images_per_second`: 0 when this attempt did no step of the epoch.
Metrics train_metrics(const TrainSums& sums,
                      double learning_rate,
                      double images_per_second,
                      std::int64_t classes);

/// Which accuracy of a finished model could not be computed, and why: its weights are finite, but
/// what it makes of some images is not. Nothing when all could.
std::optional<std::string> undefined_accuracy(const SplitMetrics& results);

/// Adds `more` behind what `all` has of each split.
void append(SplitMetrics& all, const SplitMetrics& more);

/// The epoch with the highest validation/top1_accuracy, the earliest of equals; null when none was
/// validated with a finite one.
const EpochRecord* best_validation(const std::vector<EpochRecord>& history);

/// Adds which epoch validated best, and what the test set said then: validation/best_epoch,
/// validation/best_top1_accuracy and test/top1_accuracy_at_best_validation.
void add_best_validation(SplitMetrics& results, const std::vector<EpochRecord>& history);

/// Ranks exchange gradients, never weights, so unlike processors or a faulty one could let them
/// drift apart unseen. EnvironmentError on every rank unless all of them end with the same weights.
/// Collective.
void expect_equal_weights_on_all_ranks(const std::string& weights_sha256, Communicator& comm);

/// Empty when the artifact folder holds the trial's best weights, sound and those of epoch `best`
/// (their metadata tells); else why it does not. Others, from an attempt that did not end say, are
/// removed.
std::string check_best_weights(const std::filesystem::path& folder,
                               const TrialId& trial_id,
                               const EpochRecord* best);

/// Writes the final weights (by PyTorch's names) and the class vectors as drawn.
void write_artifacts(const std::filesystem::path& folder,
                     const TrialConfig& config,
                     const StateDict& state,
                     const std::string& weights_sha256,
                     const ClassVectors& drawn);

}  // namespace headway
