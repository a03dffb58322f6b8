#include "cluster/local/group_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/errors.h"
#include "base/sweep_layout.h"
#include "config/schema/json_writer.h"
#include "config/yaml/section_reader.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

GroupSpec two_threads() {
  return {
      .worker = "/opt/headway-worker",
      .ranks = 1,
      .settings = {.sweep_directory = "/data/results/first",
                   .group = "node7-1a2b3c4d-0",
                   .device = "cpu",
                   .threads_per_rank = 2,
                   .checkpoints = {.seconds = 30, .steps = 100, .epochs = {}, .keep_best = true},
                   .time_limit_seconds = 90,
                   .only_trial = "abcdef012345"}};
}

TEST(GroupCommand, one_rank_needs_no_mpirun) {
  const auto command = group_command(two_threads());
  ASSERT_EQ(command.size(), 3U);
  EXPECT_EQ(command[0], "/opt/headway-worker");
  EXPECT_EQ(command[1], "serve");
}

TEST(GroupCommand, a_worker_reads_the_settings_that_its_supervisor_wrote) {
  const std::string text = group_command(two_threads()).back();
  const auto read = section_from_json<GroupSettings>(nlohmann::json::parse(text), "settings");
  EXPECT_EQ(section_to_json(read), section_to_json(two_threads().settings));
  EXPECT_EQ(read.group, "node7-1a2b3c4d-0");
  EXPECT_EQ(read.checkpoints.steps, 100);
  EXPECT_FALSE(read.checkpoints.epochs);
  EXPECT_EQ(read.time_limit_seconds, 90);
}

TEST(GroupCommand, a_folder_that_is_no_utf8_is_refused_and_shown) {
  GroupSpec spec = two_threads();
  spec.settings.sweep_directory = "/data/r\xff/first";
  try {
    group_command(spec);
    FAIL() << "it was told";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'/data/r\\xff/first' is no UTF-8"));
  }
  EXPECT_NO_THROW(expect_folder_in_utf8("/data/r\xc3\xa4/first"));
}

TEST(GroupSettings, what_no_supervisor_writes_is_refused) {
  const auto message_of = [](const nlohmann::json& json) -> std::string {
    try {
      section_from_json<GroupSettings>(json, "settings");
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message_of({{"device", "cpu"}}), "");
  EXPECT_THAT(message_of({{"threads_per_rank", 0}}),
              HasSubstr("settings.threads_per_rank: expected an integer in [1, 1024], found '0'"));
  EXPECT_THAT(message_of({{"device", "tpu"}}), HasSubstr("settings.device: expected one of"));
  EXPECT_THAT(message_of({{"sweep_directory", 7}, {"suit", "x"}}), HasSubstr("unknown key 'suit'"));
  EXPECT_THAT(message_of({1, 2}), HasSubstr("settings: expected a mapping, found a list"));
}

TEST(GroupCommand, several_ranks_run_unbound_under_mpirun) {
  GroupSpec spec = two_threads();
  spec.ranks = 4;
  const auto command = group_command(spec);
  EXPECT_THAT((std::vector<std::string>(command.begin(), command.begin() + 8)),
              ElementsAre("mpirun",
                          "--bind-to",
                          "none",
                          "--oversubscribe",
                          "-np",
                          "4",
                          "/opt/headway-worker",
                          "serve"));
}

TEST(GroupEnvironment, threads_and_waiting_ranks_are_taken_care_of) {
  const auto environment = group_environment(2);
  EXPECT_EQ(environment.at("OMP_NUM_THREADS"), "2");
  EXPECT_EQ(environment.at("OMPI_MCA_mpi_yield_when_idle"), "1");
  EXPECT_EQ(environment.at("GLIBC_TUNABLES"), "glibc.malloc.hugetlb=1");
  EXPECT_EQ(environment.contains("OMPI_ALLOW_RUN_AS_ROOT"), ::geteuid() == 0);
}

TEST(GroupEnvironment, a_group_sees_its_own_gpus_alone) {
  EXPECT_FALSE(group_environment(1).contains("CUDA_VISIBLE_DEVICES"));
  EXPECT_EQ(group_environment(1, {2, 3}).at("CUDA_VISIBLE_DEVICES"), "2,3");
}

TEST(GroupEnvironment, a_named_libtorch_comes_first_among_the_libraries) {
  ::setenv("HEADWAY_TORCH", "/opt/torch", 1);
  ::setenv("LD_LIBRARY_PATH", "/usr/local/lib", 1);
  EXPECT_EQ(group_environment(2).at("LD_LIBRARY_PATH"), "/opt/torch/lib:/usr/local/lib");
  ::unsetenv("LD_LIBRARY_PATH");
  EXPECT_EQ(group_environment(2).at("LD_LIBRARY_PATH"), "/opt/torch/lib");
  ::unsetenv("HEADWAY_TORCH");
}

TEST(FindWorkerProgram, the_environment_variable_comes_first) {
  ::setenv("HEADWAY_WORKER", "/bin/sh", 1);
  EXPECT_EQ(find_worker_program(), "/bin/sh");
  ::setenv("HEADWAY_WORKER", "/no/such/worker", 1);
  EXPECT_THROW(find_worker_program(), ConfigError);
  ::unsetenv("HEADWAY_WORKER");
}

TEST(FindWorkerProgram, the_path_is_searched) {
  const TemporaryDirectory folder;
  const auto program = folder.path() / "headway-worker";
  std::ofstream(program) << "#!/bin/sh\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const std::string old_path = std::getenv("PATH");
  ::setenv("PATH", (folder.path().string() + ":" + old_path).c_str(), 1);
  EXPECT_EQ(find_worker_program(), program);
  ::setenv("PATH", "/no/such/folder", 1);
  try {
    find_worker_program();
    FAIL() << "a worker was found";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("HEADWAY_WORKER"));
  }
  ::setenv("PATH", old_path.c_str(), 1);
}

// Root may search any folder: a loop of links is another thing that cannot be looked into.
TEST(FindWorkerProgram, a_folder_of_the_path_that_cannot_be_searched_is_passed_over) {
  const TemporaryDirectory folder;
  std::filesystem::create_symlink(folder.path() / "loop", folder.path() / "loop");
  const auto program = folder.path() / "headway-worker";
  std::ofstream(program) << "#!/bin/sh\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const std::string old_path = std::getenv("PATH");
  const std::string path = folder.path().string() + "/loop:" + folder.path().string();
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(find_worker_program(), program);
  ::setenv("PATH", old_path.c_str(), 1);
}

TEST(GroupEnvironment, a_tmpdir_that_cannot_be_used_is_replaced) {
  ::setenv("TMPDIR", "/no/such/folder", 1);
  EXPECT_EQ(group_environment(1).at("TMPDIR"), "/tmp");
  ::unsetenv("TMPDIR");
  EXPECT_FALSE(group_environment(1).contains("TMPDIR"));
}

TEST(GroupEnvironment, ranks_of_one_node_use_shared_memory_and_leave_what_the_user_set) {
  ::setenv("OMPI_MCA_btl", "self,tcp", 1);
  auto environment = one_node_environment("/no/such/worker");
  ::unsetenv("OMPI_MCA_btl");
  EXPECT_FALSE(environment.contains("OMPI_MCA_btl"));
  EXPECT_EQ(environment.at("OMPI_MCA_pml"), "ob1");
  EXPECT_FALSE(environment.contains("LD_PRELOAD")) << "there is no library";

  const TemporaryDirectory folder;
  const auto library = std::filesystem::canonical(folder.path()) / "libheadway-loopback.so";
  std::ofstream(library) << "";
  ::setenv("LD_PRELOAD", "/usr/lib/other.so", 1);
  environment = one_node_environment(folder.path() / "headway-worker");
  ::unsetenv("LD_PRELOAD");
  EXPECT_EQ(environment.at("LD_PRELOAD"), library.string() + ":/usr/lib/other.so");
  EXPECT_EQ(environment.at("OMPI_MCA_btl"), "self,vader");
}

TEST(LaunchVariables, what_makes_a_rank_is_left_out_but_no_parameter_of_the_user) {
  EXPECT_TRUE(launch_variables().empty()) << "nothing launched this test";
  ::setenv("OMPI_UNIVERSE_SIZE", "2", 1);
  const std::vector<std::string> prefixes = launch_variables();
  ::unsetenv("OMPI_UNIVERSE_SIZE");
  const auto is_left_out = [&](const std::string& name) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
      return name.starts_with(prefix);
    });
  };
  for (const char* name : {"OMPI_UNIVERSE_SIZE",
                           "OMPI_COMM_WORLD_RANK",
                           "OMPI_MCA_orte_hnp_uri",
                           "OMPI_MCA_ess_base_jobid",
                           "PMIX_SERVER_URI41",
                           "PMIX_NAMESPACE"}) {
    EXPECT_TRUE(is_left_out(name)) << name;
  }
  for (const char* name : {"OMPI_MCA_btl_vader_single_copy_mechanism",
                           "OMPI_ALLOW_RUN_AS_ROOT",
                           "PMIX_MCA_ptl",
                           "PATH"}) {
    EXPECT_FALSE(is_left_out(name)) << name;
  }
}

TEST(StartGroup, several_ranks_without_mpirun_are_refused_with_what_to_do) {
  const TemporaryDirectory folder;
  GroupSpec spec = two_threads();
  spec.settings.sweep_directory = folder.path();
  spec.ranks = 2;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder.path().c_str(), 1);
  std::string message;
  try {
    start_group(spec);
  } catch (const EnvironmentError& error) {
    message = error.what();
  }
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(message, HasSubstr("mpirun is not in PATH"));
  EXPECT_THAT(message, HasSubstr("resources.ranks=1"));
}

TEST(StartGroup, mpirun_does_not_see_the_slurm_job_that_it_may_be_in) {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() / "mpirun") << "#!/bin/sh\necho \"job '$SLURM_JOB_ID'\"\n";
  std::filesystem::permissions(folder.path() / "mpirun", std::filesystem::perms::owner_all);
  GroupSpec spec = two_threads();
  spec.settings.sweep_directory = folder.path();
  spec.ranks = 2;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (folder.path().string() + ":" + path).c_str(), 1);
  ::setenv("SLURM_JOB_ID", "4711", 1);
  ChildProcess group = start_group(spec);
  ::unsetenv("SLURM_JOB_ID");
  ::setenv("PATH", path.c_str(), 1);
  while (!group.poll()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto log = SweepLayout(folder.path()).group_log(GroupName(spec.settings.group));
  EXPECT_EQ(text_of(log), "job ''\n");
}

}  // namespace
}  // namespace headway
