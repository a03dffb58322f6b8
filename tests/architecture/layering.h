#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace headway {

/// One broken rule, as "FILE:LINE: what was found, what the rule is".
using Violations = std::vector<std::string>;

/// Reads the `#include` lines of src/, runner/ and cluster/ under `root` and reports
///  - an include of a folder that stands beside or above the includer in the dependency direction
///    runner -> report, sweep, cluster -> training, scheduling, store, analysis
///           -> models, data, comm -> config -> base, where runner is verbs -> supervisor, worker,
///    doctor, completion -> cli;
///  - a library header outside the folders that may use it (MPI, NCCL, CUDA, SQL, YAML, LibTorch);
///  - a LibTorch or MPI header that reaches a folder which must stay free of it through other
///    headers;
///  - an umbrella header of LibTorch, anywhere.
Violations layering_violations(const std::filesystem::path& root);

}  // namespace headway
