#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace headway {

enum class CheckState { kOk, kWarning, kFailed };

/// What `headway doctor` found out about one thing.
struct MachineCheck {
  std::string name;
  CheckState state = CheckState::kOk;
  std::string found = "";
  std::string remedy = "";  // how to mend it; empty when all is well
};

MachineCheck check_cores();
MachineCheck check_memory();
/// Shared memory holds the resident data sets and the ranks' sums.
MachineCheck check_shared_memory();
MachineCheck check_results_root(const std::filesystem::path& results_root);
MachineCheck check_cache_directory();
MachineCheck check_temporary_directory();
/// Reads and decodes the data set that the ready sweeps use.
MachineCheck check_fashion_mnist();
/// The worker starts; LibTorch, Open MPI, CUDA and GPUs as it sees them.
std::vector<MachineCheck> check_worker();
/// mpirun starts two ranks.
MachineCheck check_ranks();

/// All of them, in the order of the list above.
std::vector<MachineCheck> check_machine(const std::filesystem::path& results_root);

}  // namespace headway
