#include "cluster/slurm/step_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/environment.h"
#include "cluster/worker_command.h"

namespace headway {
namespace {

// Ranks end together. When one has died, the others would wait for it for ever.
constexpr int kSecondsAfterFirstEnd = 10;

std::vector<std::string> placement_options(const StepPlace& place) {
  if (place.shares.size() == 1) return {"--nodelist=" + place.shares.front().node};
  std::vector<std::string> node_of_rank;
  for (const StepPlace::Share& share : place.shares) {
    node_of_rank.insert(node_of_rank.end(), static_cast<std::size_t>(share.ranks), share.node);
  }
  return {"--distribution=arbitrary", fmt::format("--nodelist={}", fmt::join(node_of_rank, ","))};
}

// A rank takes the GPU of its number among those that it sees, which suits equal shares.
// Slurm 22.05 shows ranks of unequal shares either one each or, on nodes with several ranks, none.
std::string gpu_option(const StepPlace& place) {
  if (!place.has_gpus) return "--gres=none";
  const bool is_even = std::ranges::all_of(place.shares, [&](const StepPlace::Share& share) {
    return share.ranks == place.shares.front().ranks;
  });
  return is_even ? fmt::format("--gpus={}", place.ranks()) : "--gpus-per-task=1";
}

}  // namespace

int StepPlace::ranks() const {
  int ranks = 0;
  for (const Share& share : shares) ranks += share.ranks;
  return ranks;
}

std::vector<std::string> step_command(const StepPlace& place) {
  const int ranks = place.ranks();
  std::vector<std::string> command{
      "srun",
      "--jobid=" + place.job,
      fmt::format("--nodes={}", place.shares.size()),
      fmt::format("--ntasks={}", ranks),
      fmt::format("--cpus-per-task={}", place.cpus_per_rank),
      "--exact",  // no more CPUs than these: the others are for steps beside this one
      "--mem=0",  // steps share the job's memory
      gpu_option(place)};
  const auto where = placement_options(place);
  command.insert(command.end(), where.begin(), where.end());
  const auto more = {std::string(ranks > 1 ? "--mpi=pmix" : "--mpi=none"),
                     std::string("--cpu-bind=none"),
                     // Not at the first exit code but 0: one rank that was asked to leave is out
                     // before the others.
                     std::string("--kill-on-bad-exit=0"),
                     fmt::format("--wait={}", kSecondsAfterFirstEnd),
                     std::string("--export=ALL"),
                     std::string("--input=all")};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

Program step_program(const GroupSpec& spec, const StepPlace& place) {
  Program program{.command = step_command(place),
                  .environment = group_environment(spec.settings.threads_per_rank),
                  .without = launch_variables()};
  for (const std::string& word : worker_command(spec)) program.command.push_back(word);
  if (place.shares.size() == 1) program.environment.merge(one_node_parameters());
  for (const char* prefix : {"SLURM_", "SRUN_"}) program.without.emplace_back(prefix);
  if (const auto configuration = environment_variable("SLURM_CONF")) {
    program.environment["SLURM_CONF"] = *configuration;
  }
  return program;
}

}  // namespace headway
