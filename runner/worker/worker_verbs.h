#pragma once

#include <filesystem>
#include <string>

#include "base/ids.h"
#include "cluster/group_settings.h"
#include "comm/communicator.h"

namespace headway {

/// Trains trials of the sweep until nothing suits: kExitDone. Earlier: kExitYielded when asked to
/// stop, kExitTimeBudget when the time left does not suffice, kExitFailed when a trial failed so
/// that the group should not go on. Collective.
int serve(const GroupSettings& settings, Communicator& comm);

struct FeatureOptions {
  std::filesystem::path sweep_directory;
  TrialId trial;
  std::string split = "test";
  std::string device = "auto";  // auto: as trained, where possible; cpu | cuda
  std::filesystem::path output;
};

/// Writes features [N, D], labels [N], logits [N, K] and class_vectors [K, D] of a finished trial,
/// in the precision that it was trained in.
void export_features(const FeatureOptions& options);

/// Evaluates finished trials that lack the suite until nothing is left to take: kExitDone. Earlier:
/// kExitYielded when asked to stop, kExitFailed when an evaluation failed so that the process
/// should not go on.
int evaluate(const GroupSettings& settings);

/// What this build and this machine offer, as JSON on standard output.
void print_info();
/// The same for people: `--version`.
std::string version_text();

std::string torch_version();

}  // namespace headway
