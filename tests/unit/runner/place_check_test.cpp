#include "runner/supervisor/place_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>

#include "base/errors.h"
#include "base/sweep_layout.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

class PlaceCheck : public testing::Test {
 protected:
  static std::string error_of(const std::function<void()>& check) {
    try {
      check();
    } catch (const EnvironmentError& error) {
      return error.what();
    }
    return "";
  }
  std::string error_of_sweep() const {
    return error_of([&] { expect_places_of_sweep(folder_.path()); });
  }
  std::string error_of_evaluation() const {
    return error_of([&] { expect_places_of_evaluation(folder_.path(), "geometry"); });
  }
  void pipe(const fs::path& path) const {
    fs::create_directories(path.parent_path());
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  }

  TemporaryDirectory folder_;
  SweepLayout layout_{folder_.path()};
  TrialId trial_{"0123456789ab"};
};

TEST_F(PlaceCheck, names_a_file_in_the_place_of_a_folder) {
  EXPECT_EQ(error_of_sweep(), "") << "what is missing is made";
  for (const fs::path& path :
       {layout_.logs(), layout_.artifacts(trial_).parent_path(), layout_.checkpoints()}) {
    std::ofstream(path) << "a file";
    EXPECT_EQ(error_of_sweep(),
              path.string() + ": found a regular file, expected a directory; move it away");
    fs::remove(path);
  }
}

TEST_F(PlaceCheck, names_a_pipe_in_the_place_of_a_trials_folder) {
  for (const fs::path& path : {layout_.artifacts(trial_), layout_.checkpoints(trial_)}) {
    pipe(path);
    EXPECT_THAT(error_of_sweep(), StartsWith(path.string() + ": found a named pipe"));
    fs::remove(path);
    fs::create_directory(path);
    EXPECT_EQ(error_of_sweep(), "");
  }
}

TEST_F(PlaceCheck, names_what_is_in_the_place_of_the_results_store) {
  std::ofstream(layout_.database()) << "a file";
  EXPECT_EQ(error_of_sweep(), "");
  fs::remove(layout_.database());
  pipe(layout_.database());
  for (const std::string& error : {error_of_sweep(), error_of_evaluation()}) {
    EXPECT_EQ(error,
              layout_.database().string() + ": found a named pipe, expected a file; move it away");
  }
}

TEST_F(PlaceCheck, leaves_what_is_nobodys) {
  pipe(layout_.checkpoints() / "notes");
  EXPECT_EQ(error_of_sweep(), "");
}

TEST_F(PlaceCheck, looks_at_the_folders_of_an_evaluation) {
  EXPECT_EQ(error_of_evaluation(), "");
  const SweepLayout evaluation(layout_.evaluation("geometry"));
  pipe(evaluation.checkpoints(trial_));
  EXPECT_THAT(error_of_evaluation(), HasSubstr("found a named pipe, expected a directory"));
  EXPECT_EQ(error_of_sweep(), "");
  fs::remove_all(layout_.evaluations());
  pipe(layout_.evaluations());
  EXPECT_THAT(error_of_evaluation(), StartsWith(layout_.evaluations().string()));
}

}  // namespace
}  // namespace headway
