#include "cluster/workplace.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/environment.h"
#include "base/errors.h"
#include "base/find_program.h"
#include "base/host.h"
#include "base/logging.h"
#include "base/text.h"
#include "cluster/local/local_launcher.h"
#include "cluster/local/worker_info.h"
#include "cluster/slurm/job.h"
#include "cluster/slurm/slurm_launcher.h"
#include "cluster/slurm/step_command.h"

namespace headway {
namespace {

// Before the job ends: for records of the end, and for what its script does after this.
constexpr double kReserveSeconds = 15;
constexpr double kReserveShare = 0.1;  // of the time left, when that is less

AllocatedHost host_of(const SlurmNode& node, const SlurmJob& job, bool has_gpus) {
  AllocatedHost host{.name = node.name, .cores = std::max(1, node.cpus / job.threads_per_core)};
  if (!has_gpus) return host;
  host.gpus.resize(static_cast<std::size_t>(node.gpus));
  std::iota(host.gpus.begin(), host.gpus.end(), 0);
  return host;
}

Allocation cpus_of(const SlurmJob& job, const SlurmJobState& state) {
  Allocation allocation{
      .slurm_job = job.id, .own_host = job.own_node, .cpus_per_core = job.threads_per_core};
  for (const SlurmNode& node : job.nodes) allocation.hosts.push_back(host_of(node, job, false));
  if (const auto left = state.seconds_left) {
    allocation.seconds_left = *left - std::min(kReserveSeconds, kReserveShare * *left);
  }
  return allocation;
}

/// Where its node is another one, a step tells.
nlohmann::json worker_info_in(const SlurmJob& job, const std::filesystem::path& worker) {
  if (job.own_node) return worker_info(worker);
  const auto node = std::ranges::find_if(job.nodes, [](const SlurmNode& n) { return n.gpus > 0; });
  return worker_info(worker,
                     step_command({.job = job.id, .shares = {{node->name, 1}}, .has_gpus = true}));
}

Allocation job_allocation(SlurmJob job,
                          const std::string& device,
                          const std::filesystem::path& worker) {
  const SlurmJobState state = ask_for_job_state(job.id);
  Allocation cpu = cpus_of(job, state);
  if (device == "cpu") return cpu;
  if (!job.own_node) {
    for (SlurmNode& node : job.nodes) node.gpus = std::max(node.gpus, state.gpus_per_node);
  }
  Allocation cuda = cpu;
  cuda.device = "cuda";
  cuda.hosts.clear();
  for (const SlurmNode& node : job.nodes) cuda.hosts.push_back(host_of(node, job, true));
  const bool has_gpus = cuda.gpu_count() > 0;
  if (has_gpus && worker_info_in(job, worker).at("gpus").get<int>() > 0) {
    if (job.unplaced_gpus > 0) {
      log_warning(
          "{} of the job's GPUs are not used: on which of its nodes they are is not known; "
          "ask for --gpus-per-node",
          job.unplaced_gpus);
    }
    return cuda;
  }
  const std::string why =
      has_gpus ? fmt::format("'{} info' finds none; was it built with CUDA?", worker.string())
               : fmt::format("Slurm job {} has no GPU", job.id);
  if (device == "cuda") throw ConfigError("resources.device is 'cuda', but " + why);
  if (has_gpus) log_warning("training on CPUs: the job has GPUs, but {}", why);
  return cpu;
}

/// The job, where its nodes can be used.
std::optional<SlurmJob> usable_job() {
  const auto job = slurm_job_in(environment_variable);
  return job && find_in_path("srun") ? job : std::nullopt;
}

void note_unused_nodes() {
  if (is_task_of_a_step(environment_variable)) {
    log_warning(
        "srun started this as a task of a step: it uses this node alone. Without srun it "
        "would use the whole job");
  } else if (const auto job = slurm_job_in(environment_variable); job && job->nodes.size() > 1) {
    log_warning("srun is not in PATH: of the {} nodes of Slurm job {} only this one is used",
                job->nodes.size(),
                job->id);
  }
}

}  // namespace

Allocation this_allocation(const std::string& device, const std::filesystem::path& worker) {
  auto job = usable_job();
  if (job) return job_allocation(std::move(*job), device, worker);
  note_unused_nodes();
  return local_allocation(device, worker);
}

int cores_at_hand() {
  const auto job = usable_job();
  return job ? cpus_of(*job, {}).core_count() : available_cores();
}

std::unique_ptr<Launcher> make_launcher(const Allocation& allocation) {
  return allocation.slurm_job.empty() ? make_local_launcher(allocation)
                                      : make_slurm_launcher(allocation);
}

}  // namespace headway
