#include "base/sweep_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "base/errors.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

const TrialId kTrial("0123456789ab");

class Layout : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(sweep_);
    fs::create_directories(elsewhere_);
  }

  void link(const fs::path& name, const fs::path& target) {
    fs::create_directories((sweep_ / name).parent_path());
    fs::create_symlink(target, sweep_ / name);
  }

  static std::string refusal(const std::function<void()>& ask) {
    try {
      ask();
    } catch (const EnvironmentError& error) {
      return error.what();
    }
    return "no EnvironmentError";
  }

  TemporaryDirectory directory_;
  fs::path sweep_ = directory_.path() / "sweep";
  fs::path elsewhere_ = directory_.path() / "elsewhere";
  SweepLayout layout_{sweep_};
};

TEST_F(Layout, asking_where_things_are_makes_nothing) {
  EXPECT_EQ(layout_.segments(), sweep_ / "segments");
  EXPECT_EQ(layout_.sweep_file(2), sweep_ / "sweep.2.yaml");
  EXPECT_EQ(layout_.heartbeat(kTrial, 3), sweep_ / "claims/0123456789ab/3/heartbeat.json");
  EXPECT_EQ(layout_.trial_log(kTrial), sweep_ / "artifacts/0123456789ab/log.txt");
  EXPECT_EQ(layout_.weights(kTrial), sweep_ / "artifacts/0123456789ab/weights.safetensors");
  EXPECT_EQ(layout_.supervisor(SupervisorId("node7-1a2b")), sweep_ / "supervisors/node7-1a2b.json");
  EXPECT_EQ(layout_.group_log(GroupName("node7-1a2b-0")), sweep_ / "logs/node7-1a2b-0.log");
  EXPECT_TRUE(fs::is_empty(sweep_));
}

TEST_F(Layout, a_folder_that_leads_out_is_refused_with_where_it_leads) {
  link("segments", elsewhere_);
  EXPECT_THAT(refusal([&] { layout_.segments(); }),
              AllOf(HasSubstr((sweep_ / "segments").string()),
                    HasSubstr("leads out of the sweep"),
                    HasSubstr("'" + elsewhere_.string() + "'")));
  EXPECT_NO_THROW(layout_.logs()) << "the others are as they were";
}

TEST_F(Layout, a_folder_of_trials_that_leads_out_is_refused_with_all_that_is_in_it) {
  link("artifacts", elsewhere_);
  EXPECT_THROW(layout_.artifacts(kTrial), EnvironmentError);
  EXPECT_THROW(layout_.trial_log(kTrial), EnvironmentError);
  EXPECT_THROW(layout_.weights(kTrial), EnvironmentError);
}

TEST_F(Layout, a_trials_folder_that_leads_out_is_refused) {
  const TrialId other("ba9876543210");
  for (const char* folder : {"claims", "checkpoints", "artifacts"}) {
    link(fs::path(folder) / kTrial.text(), elsewhere_);
  }
  EXPECT_THROW(layout_.claims(kTrial), EnvironmentError);
  EXPECT_THROW(layout_.heartbeat(kTrial, 1), EnvironmentError);
  EXPECT_THROW(layout_.checkpoints(kTrial), EnvironmentError);
  EXPECT_THROW(layout_.best_weights(kTrial), EnvironmentError);
  EXPECT_NO_THROW(layout_.checkpoints(other));
}

TEST_F(Layout, an_attempts_folder_that_leads_out_is_refused) {
  link(fs::path("claims") / kTrial.text() / "2", elsewhere_);
  EXPECT_NO_THROW(layout_.claim(kTrial, 1));
  EXPECT_THROW(layout_.claim(kTrial, 2), EnvironmentError);
  EXPECT_THROW(layout_.heartbeat(kTrial, 2), EnvironmentError);
}

TEST_F(Layout, a_file_that_leads_out_is_refused) {
  std::ofstream(elsewhere_ / "file") << "precious";
  const fs::path artifacts = fs::path("artifacts") / kTrial.text();
  for (const fs::path& name : {fs::path("results.sqlite"),
                               fs::path("trials.jsonl"),
                               fs::path("sweep.2.yaml"),
                               fs::path("logs/node7-1a2b-0.log"),
                               artifacts / "log.txt",
                               artifacts / "weights.safetensors",
                               artifacts / "best.safetensors"}) {
    link(name, elsewhere_ / "file");
  }
  EXPECT_THROW(layout_.database(), EnvironmentError);
  EXPECT_THROW(layout_.trials_file(), EnvironmentError);
  EXPECT_THROW(layout_.sweep_file(2), EnvironmentError);
  EXPECT_THROW(layout_.group_log(GroupName("node7-1a2b-0")), EnvironmentError);
  EXPECT_THROW(layout_.trial_log(kTrial), EnvironmentError);
  EXPECT_THROW(layout_.weights(kTrial), EnvironmentError);
  EXPECT_THROW(layout_.best_weights(kTrial), EnvironmentError);
  EXPECT_NO_THROW(layout_.sweep_file());
}

TEST_F(Layout, a_relative_link_that_leads_out_is_refused) {
  link("segments", "../elsewhere");
  link("logs", "..");
  EXPECT_THROW(layout_.segments(), EnvironmentError);
  EXPECT_THROW(layout_.logs(), EnvironmentError);
}

TEST_F(Layout, a_folder_beside_whose_name_begins_alike_is_out_of_the_sweep) {
  fs::create_directories(directory_.path() / "sweep-2");
  link("segments", directory_.path() / "sweep-2");
  EXPECT_THROW(layout_.segments(), EnvironmentError);
}

// Whoever writes there would make a file anywhere.
TEST_F(Layout, a_link_that_leads_to_nothing_is_refused) {
  link("results.sqlite", elsewhere_ / "not there yet");
  link("segments", "not there yet");
  link("logs", "logs");
  EXPECT_THROW(layout_.database(), EnvironmentError);
  EXPECT_THROW(layout_.segments(), EnvironmentError);
  EXPECT_THROW(layout_.logs(), EnvironmentError) << "a link to itself";
}

TEST_F(Layout, a_link_within_the_sweep_is_followed) {
  fs::create_directories(sweep_ / "kept/artifacts");
  std::ofstream(sweep_ / "kept/trials.jsonl") << "";
  link("artifacts", "kept/artifacts");
  link("trials.jsonl", sweep_ / "kept/trials.jsonl");
  EXPECT_EQ(layout_.artifacts(kTrial), sweep_ / "artifacts/0123456789ab");
  EXPECT_EQ(layout_.trials_file(), sweep_ / "trials.jsonl");
}

TEST_F(Layout, the_sweeps_own_folder_may_be_a_link) {
  const fs::path name = directory_.path() / "name";
  fs::create_directory_symlink(sweep_, name);
  const SweepLayout named(name);
  EXPECT_EQ(named.segments(), name / "segments");
  fs::create_directories(sweep_ / "kept");
  link("logs", "kept");
  link("segments", elsewhere_);
  EXPECT_EQ(named.logs(), name / "logs");
  EXPECT_THROW(named.segments(), EnvironmentError);
}

}  // namespace
}  // namespace headway
