#include "cluster/slurm/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/errors.h"

namespace headway {
namespace {

using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

EnvironmentLookup lookup_in(const Variables& variables) {
  return [variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

std::optional<SlurmJob> job_in(const Variables& variables) {
  return slurm_job_in(lookup_in(variables));
}

/// As sbatch sets them for a script on the first of four uneven nodes.
Variables four_nodes() {
  return {{"SLURM_JOB_ID", "4711"},
          {"SLURM_JOB_NODELIST", "n[1-3,7]"},
          {"SLURM_JOB_CPUS_PER_NODE", "2(x2),1,4"},
          {"SLURM_CPUS_ON_NODE", "2"},
          {"SLURMD_NODENAME", "n1"}};
}

Variables with(Variables variables, const std::string& name, const std::string& value) {
  variables[name] = value;
  return variables;
}

std::vector<int> gpus_in(const Variables& variables) {
  const auto job = job_in(variables);
  std::vector<int> gpus;
  for (const SlurmNode& node : job.value().nodes) gpus.push_back(node.gpus);
  return gpus;
}

std::string error_of(const Variables& variables) {
  try {
    job_in(variables);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(SlurmJob, its_nodes_and_their_cpus_are_in_the_environment) {
  const auto job = job_in(four_nodes());
  ASSERT_TRUE(job);
  EXPECT_EQ(job->id, "4711");
  ASSERT_EQ(job->nodes.size(), 4U);
  EXPECT_EQ(job->nodes[0].name, "n1");
  EXPECT_EQ(job->nodes[3].name, "n7");
  EXPECT_EQ(job->nodes[1].cpus, 2);
  EXPECT_EQ(job->nodes[2].cpus, 1);
  EXPECT_EQ(job->nodes[3].cpus, 4);
  EXPECT_EQ(job->own_node, 0U);
  EXPECT_EQ(job->nodes[0].gpus, 0);
}

TEST(SlurmJob, a_shell_of_salloc_may_be_on_none_of_its_nodes) {
  Variables shell = four_nodes();
  shell.erase("SLURMD_NODENAME");
  EXPECT_FALSE(job_in(shell)->own_node);
  EXPECT_FALSE(job_in(with(shell, "SLURMD_NODENAME", "login"))->own_node);
}

TEST(SlurmJob, there_is_none_outside_of_a_job_nor_for_a_task_of_a_step) {
  EXPECT_FALSE(job_in({}));
  EXPECT_FALSE(job_in(with(four_nodes(), "SLURM_STEP_ID", "0")));
  EXPECT_TRUE(is_task_of_a_step(lookup_in(with(four_nodes(), "SLURM_STEP_ID", "0"))));
  EXPECT_TRUE(job_in(with(four_nodes(), "SLURM_STEP_ID", "4294967290"))) << "salloc's shell";
  EXPECT_FALSE(is_task_of_a_step(lookup_in(four_nodes())));
}

TEST(SlurmJob, each_node_has_as_many_gpus_as_this_one) {
  EXPECT_EQ(gpus_in(with(four_nodes(), "SLURM_GPUS_ON_NODE", "2")), (std::vector<int>{2, 2, 2, 2}));
  EXPECT_EQ(gpus_in(four_nodes()), (std::vector<int>{0, 0, 0, 0}));
}

TEST(SlurmJob, gpus_per_task_go_with_the_tasks) {
  Variables job = with(four_nodes(), "SLURM_GPUS_PER_TASK", "2");
  job["SLURM_TASKS_PER_NODE"] = "2,1(x3)";
  EXPECT_EQ(gpus_in(job), (std::vector<int>{4, 2, 2, 2}));
}

TEST(SlurmJob, a_number_of_gpus_for_the_whole_job_is_spread_no_wider_than_known) {
  Variables job = with(four_nodes(), "SLURM_GPUS_ON_NODE", "2");
  EXPECT_EQ(gpus_in(with(job, "SLURM_GPUS", "8")), (std::vector<int>{2, 2, 2, 2}));
  EXPECT_EQ(gpus_in(with(job, "SLURM_GPUS", "a100:8")), (std::vector<int>{2, 2, 2, 2}));
  EXPECT_EQ(gpus_in(with(job, "SLURM_GPUS", "7")), (std::vector<int>{2, 1, 1, 1}));
  EXPECT_EQ(job_in(with(job, "SLURM_GPUS", "7"))->unplaced_gpus, 2);
  job["SLURM_JOB_NODELIST"] = "n[1-2]";
  job["SLURM_JOB_CPUS_PER_NODE"] = "2(x2)";
  EXPECT_EQ(gpus_in(with(job, "SLURM_GPUS", "5")), (std::vector<int>{2, 3}));
}

TEST(SlurmJob, half_an_environment_is_named) {
  for (const char* name : {"SLURM_JOB_NODELIST", "SLURM_JOB_CPUS_PER_NODE"}) {
    Variables job = four_nodes();
    job.erase(name);
    if (std::string(name) == "SLURM_JOB_CPUS_PER_NODE") job.erase("SLURM_CPUS_ON_NODE");
    EXPECT_THAT(error_of(job), HasSubstr(name));
  }
}

TEST(SlurmJob, nonsense_is_refused_by_the_variable_s_name) {
  for (const char* id : {"x", "", "-1", "1;ls", "99999999999", "4711_3"}) {
    EXPECT_THAT(error_of(with(four_nodes(), "SLURM_JOB_ID", id)), HasSubstr("SLURM_JOB_ID")) << id;
  }
  for (const char* cpus : {"",
                           "2",
                           "2(x4",
                           "2(x5)",
                           "2(x0),1",
                           "0(x4)",
                           "2(x3),",
                           "2(x3),1,1",
                           "-2(x4)",
                           "2(4)",
                           "2x4",
                           "65537(x4)",
                           "2(x4294967297)",
                           "99999999999(x4)",
                           "2(x-1),1",
                           "2 (x4)",
                           "(x4)",
                           "2(x)"}) {
    EXPECT_THAT(error_of(with(four_nodes(), "SLURM_JOB_CPUS_PER_NODE", cpus)),
                HasSubstr("SLURM_JOB_CPUS_PER_NODE: expected a number in [1, 65536]"))
        << cpus;
  }
  EXPECT_THAT(error_of(with(four_nodes(), "SLURM_JOB_NODELIST", "n[1-")),
              HasSubstr("SLURM_JOB_NODELIST"));
  for (const char* gpus : {"many", "-1", "1025", ""}) {
    EXPECT_THAT(error_of(with(four_nodes(), "SLURM_GPUS_ON_NODE", gpus)),
                HasSubstr("SLURM_GPUS_ON_NODE: expected a number up to 1024"))
        << gpus;
  }
}

TEST(SlurmJob, the_cpus_of_a_short_list_of_a_long_variable_take_no_memory) {
  std::string many = "1";
  for (int i = 0; i < 100'000; ++i) many += ",1";
  EXPECT_THAT(error_of(with(four_nodes(), "SLURM_JOB_CPUS_PER_NODE", many)),
              HasSubstr("SLURM_JOB_CPUS_PER_NODE"));
}

TEST(SlurmJobState, is_what_squeue_prints) {
  EXPECT_EQ(read_job_state("1-02:03:04|gres:gpu:a100:4\n").seconds_left, 93784);
  EXPECT_EQ(read_job_state("1-02:03:04|gres:gpu:a100:4\n").gpus_per_node, 4);
  EXPECT_EQ(read_job_state("9:58|gres:gpu:2").seconds_left, 598);
  EXPECT_EQ(read_job_state("0:00|N/A\n").seconds_left, 0);
  EXPECT_EQ(read_job_state("0:00|N/A\n").gpus_per_node, 0);
  for (const char* line : {"UNLIMITED|N/A", "INVALID|N/A", "NOT_SET|", "", "|", "\n", "x|gpu:y"}) {
    EXPECT_EQ(read_job_state(line).seconds_left, std::nullopt) << line;
    EXPECT_EQ(read_job_state(line).gpus_per_node, 0) << line;
  }
  EXPECT_EQ(read_job_state("1:00|gres:gpu:99999999").gpus_per_node, 0);
}

}  // namespace
}  // namespace headway
