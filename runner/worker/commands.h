#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "config/schema/checkpoint_settings.h"

namespace headway {

struct ServeOptions {
  std::filesystem::path sweep_directory;
  std::string group;
  std::string device = "cpu";
  int threads = 1;
  CheckpointSettings checkpoints;
  std::optional<std::string> only_trial;
  std::optional<double> time_limit_seconds;  // from the start of this process
  bool verbose = false;                      // epochs also on standard error
};

/// Trains trials of the sweep until nothing suits: 0. Earlier: 75 when asked to stop, 124 when the
/// time left does not suffice, 1 when a trial failed so that the group should not go on.
/// Collective.
int serve(const ServeOptions& options, Communicator& comm);

struct FeatureOptions {
  std::filesystem::path sweep_directory;
  std::string trial;
  std::string split = "test";
  std::string device = "auto";  // auto: as trained, where possible; cpu | cuda
  std::filesystem::path output;
};

/// Writes features [N, D], labels [N], logits [N, K] and class_vectors [K, D] of a finished trial,
/// in the precision that it was trained in.
void export_features(const FeatureOptions& options);

struct EvaluateOptions {
  std::filesystem::path sweep_directory;
  std::string suite;
  std::string group;
  std::string device = "auto";           // auto: as trained, where possible; cpu | cuda
  std::vector<std::string> trials = {};  // ids; empty: all of the plan
};

/// Evaluates finished trials that lack the suite until nothing is left to take: 0. Earlier: 75 when
/// asked to stop, 1 when an evaluation failed so that the process should not go on.
int evaluate(const EvaluateOptions& options);

/// What this build and this machine offer, as JSON on standard output.
void print_info();
/// The same for people: `--version`.
std::string version_text();

std::string torch_version();

}  // namespace headway
