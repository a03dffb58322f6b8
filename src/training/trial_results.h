#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "models/class_vectors/class_vectors.h"
#include "training/sink.h"
#include "training/training_state.h"

namespace headway {

/// The value called `name`; it must be there.
double value_of(const Metrics& metrics, const std::string& name);

/// Adds which epoch validated best, and what the test set said then: validation/best_epoch,
/// validation/best_top1_accuracy and test/top1_accuracy_at_best_validation.
void add_best_validation(SplitMetrics& results, const std::vector<EpochRecord>& history);

/// Ranks exchange gradients, never weights, so unlike processors or a faulty one could let them
/// drift apart unseen. EnvironmentError on every rank unless all of them end with the same weights.
/// Collective.
void expect_equal_weights_on_all_ranks(const std::string& weights_sha256, Communicator& comm);

/// Writes weights.safetensors (PyTorch's names) and class_vectors.safetensors (as drawn).
void write_artifacts(const std::filesystem::path& folder,
                     const TrialConfig& config,
                     const StateDict& state,
                     const std::string& weights_sha256,
                     const ClassVectors& drawn);

}  // namespace headway
