#include "cluster/slurm/step_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/environment.h"

namespace headway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

GroupSpec group_of(int ranks) {
  return {.worker = "/opt/headway-worker",
          .ranks = ranks,
          .settings = {.sweep_directory = "/data/results/first",
                       .group = "node7-1a2b3c4d-0",
                       .threads_per_rank = 2}};
}

TEST(StepCommand, one_rank_is_a_step_on_its_node_without_mpi) {
  EXPECT_THAT(step_command({.job = "4711", .shares = {{"n3", 1}}, .cpus_per_rank = 2}),
              ElementsAre("srun",
                          "--jobid=4711",
                          "--nodes=1",
                          "--ntasks=1",
                          "--cpus-per-task=2",
                          "--exact",
                          "--mem=0",
                          "--gres=none",
                          "--nodelist=n3",
                          "--mpi=none",
                          "--cpu-bind=none",
                          "--kill-on-bad-exit=0",
                          "--wait=10",
                          "--export=ALL",
                          "--input=all"));
}

TEST(StepCommand, ranks_of_several_nodes_stand_where_the_list_says) {
  const auto command = step_command({.job = "1", .shares = {{"n1", 2}, {"n2", 1}, {"n4", 1}}});
  EXPECT_THAT(command, Contains("--nodes=3"));
  EXPECT_THAT(command, Contains("--ntasks=4"));
  EXPECT_THAT(command, Contains("--distribution=arbitrary"));
  EXPECT_THAT(command, Contains("--nodelist=n1,n1,n2,n4"));
  EXPECT_THAT(command, Contains("--mpi=pmix"));
}

TEST(StepCommand, ranks_of_one_node_need_no_list_of_ranks) {
  const auto command = step_command({.job = "1", .shares = {{"n1", 4}}});
  EXPECT_THAT(command, Contains("--nodelist=n1"));
  EXPECT_THAT(command, Contains("--mpi=pmix"));
  EXPECT_THAT(command, Not(Contains("--distribution=arbitrary")));
}

TEST(StepCommand, each_rank_has_a_gpu_of_the_step) {
  const auto gpus_of = [](std::vector<StepPlace::Share> shares) {
    const auto command = step_command({.job = "1", .shares = std::move(shares), .has_gpus = true});
    const auto option = std::ranges::find_if(
        command, [](const std::string& word) { return word.starts_with("--g"); });
    return option == command.end() ? "" : *option;
  };
  EXPECT_EQ(gpus_of({{"n1", 1}}), "--gpus=1");
  EXPECT_EQ(gpus_of({{"n1", 2}, {"n2", 2}}), "--gpus=4");
  EXPECT_EQ(gpus_of({{"n1", 3}, {"n2", 1}}), "--gpus-per-task=1");
}

TEST(StepProgram, the_worker_follows_with_its_settings) {
  const GroupSpec group = group_of(1);
  const Program program = step_program(group, {.job = "1", .shares = {{"n1", 1}}});
  const auto& command = program.command;
  const auto worker = std::ranges::find(command, "/opt/headway-worker");
  ASSERT_EQ(command.end() - worker, 3);
  EXPECT_EQ(worker[1], "serve");
  EXPECT_EQ(program.environment.at("OMP_NUM_THREADS"), "2");
}

// sbatch's options come back as variables that srun takes for its own: a job of 8 tasks would make
// each step one of 8.
TEST(StepProgram, of_slurm_s_variables_only_the_way_to_slurm_is_passed_on) {
  ::setenv("SLURM_CONF", "/etc/other/slurm.conf", 1);
  const Program program = step_program(group_of(1), {.job = "1", .shares = {{"n1", 1}}});
  ::unsetenv("SLURM_CONF");
  EXPECT_THAT(program.without, Contains("SLURM_"));
  EXPECT_EQ(program.environment.at("SLURM_CONF"), "/etc/other/slurm.conf");
  EXPECT_FALSE(step_program(group_of(1), {.job = "1", .shares = {{"n1", 1}}})
                   .environment.contains("SLURM_CONF"));
}

TEST(StepProgram, ranks_on_one_node_pass_messages_through_memory) {
  const auto on_one = step_program(group_of(2), {.job = "1", .shares = {{"n1", 2}}});
  EXPECT_EQ(on_one.environment.at("OMPI_MCA_btl"), "self,vader");
  const auto on_two = step_program(group_of(2), {.job = "1", .shares = {{"n1", 1}, {"n2", 1}}});
  EXPECT_FALSE(on_two.environment.contains("OMPI_MCA_btl"));
  EXPECT_FALSE(on_one.environment.contains("LD_PRELOAD")) << "srun must listen to other hosts";
}

}  // namespace
}  // namespace headway
