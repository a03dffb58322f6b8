#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/errors.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"
#include "unit/store/fsck_fixture.h"

namespace headway {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(Fsck, finds_nothing_wrong_with_a_sound_sweep) {
  const FsckReport report = fsck(fixture_.path());
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.segments, 1);
  EXPECT_EQ(report.records, 3);
  EXPECT_EQ(report.trials, 6);
  EXPECT_EQ(report.artifacts, 1);
}

TEST_F(Fsck, finds_nothing_wrong_with_requests) {
  fixture_.write({record_json(CancelRequested{fixture_.id(1), 1}), fixture_.retry(2, 1)});
  ResultsStore(fixture_.path()).sync();
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
}

TEST_F(Fsck, checks_the_best_weights_against_their_own_hash_and_the_records) {
  fixture_.write({fixture_.metrics(0, 1, 2, 0.25)});
  ResultsStore(fixture_.path()).sync();
  const auto best = SweepLayout(fixture_.path()).best_weights(fixture_.id(0));
  const std::map<std::string, std::string> recorded{
      {kEpochOfWeights, "2"}, {kStepOfWeights, "20"}, {kAccuracyOfWeights, "0.25"}};
  write_weights(best, recorded);
  const FsckReport report = fsck(fixture_.path());
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.artifacts, 2);
  write_weights(best);
  EXPECT_THAT(problem(), HasSubstr("these are no best weights"));
  for (const char* key : {kEpochOfWeights, kStepOfWeights, kAccuracyOfWeights}) {
    auto edited = recorded;
    edited[key] = "1";
    write_weights(best, edited);
    EXPECT_THAT(problem(), HasSubstr("the records of trial")) << key;
    EXPECT_FALSE(fsck(fixture_.path()).is_sound());
  }
  values_[0] = 7;
  write_weights(best, recorded);
  EXPECT_THAT(problem(), HasSubstr("but its own metadata says '" + hash_));
}

TEST_F(Fsck, misses_the_weights_of_a_finished_trial) {
  std::filesystem::remove(weights_file());
  EXPECT_THAT(problem(), HasSubstr("gone; put the file back, or train the trial anew"));
  EXPECT_FALSE(fsck(fixture_.path()).is_sound());
}

TEST_F(Fsck, names_links_out_of_the_sweep_and_checks_the_rest) {
  const TemporaryDirectory elsewhere;
  const auto best = SweepLayout(fixture_.path()).best_weights(fixture_.id(0));
  const auto weights = weights_file();
  std::ofstream(elsewhere.path() / "file") << "x";
  std::filesystem::remove(weights);
  for (const auto& file : {best, weights}) {
    std::filesystem::create_symlink(elsewhere.path() / "file", file);
  }
  const FsckReport report = fsck(fixture_.path());
  ASSERT_EQ(report.problems.size(), 2);
  EXPECT_EQ(report.problems[0].where, weights.string());
  EXPECT_THAT(report.problems[0].message, testing::StartsWith("a symbolic link that leads out"));
  EXPECT_EQ(report.problems[1].where, best.string());
  EXPECT_FALSE(report.is_sound());
}

TEST_F(Fsck, names_settings_that_are_gone_and_checks_the_rest) {
  std::filesystem::remove(SweepLayout(fixture_.path()).settings_file());
  const FsckReport report = fsck(fixture_.path());
  ASSERT_EQ(report.problems.size(), 1);
  EXPECT_THAT(report.problems[0].message, HasSubstr("plan.json is gone; 'headway run' with"));
  EXPECT_EQ(report.trials, 6);
  EXPECT_EQ(report.artifacts, 1);
}

TEST_F(Fsck, hashes_class_vectors_and_what_they_were_drawn_from) {
  const auto bytes = std::as_bytes(std::span(values_));
  const std::string hash = Sha256().add("a simplex").add(bytes).hex_digest();
  nlohmann::json done = fixture_.done(1, 1, 0.5);
  done["class_vectors_sha256"] = hash;
  done["weights_sha256"] = "";
  fixture_.write({fixture_.started(1, 1), done});
  ResultsStore(fixture_.path()).sync();
  const auto file =
      SweepLayout(fixture_.path()).artifacts(fixture_.id(1)) / "class_vectors.safetensors";
  std::filesystem::create_directories(file.parent_path());
  const auto write = [&](const std::string& origin, const std::vector<float>& values) {
    write_safetensors(file,
                      {{"class_vectors", "F32", {4}, std::as_bytes(std::span(values))}},
                      {{"sha256", hash}, {"drawn_from", origin}});
  };
  write("a simplex", values_);
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
  write("a simplex", {1, 2, 3, 5});
  EXPECT_THAT(problem(), HasSubstr("but the record of trial " + fixture_.id(1).text() + " says"));
  write("two simplices", values_);
  EXPECT_THAT(problem(), HasSubstr("holds class vectors '"));
}

TEST_F(Fsck, compares_the_hash_that_class_vectors_of_earlier_versions_tell) {
  const auto file =
      SweepLayout(fixture_.path()).artifacts(fixture_.id(0)) / "class_vectors.safetensors";
  write_safetensors(file, weights(), {{"sha256", "dd"}});  // as done() says
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
  write_safetensors(file, weights(), {{"sha256", "ee"}});
  EXPECT_THAT(problem(), HasSubstr("holds class vectors 'ee', but the record"));
}

TEST_F(Fsck, finds_what_was_edited_in_the_list_of_vanished_trials) {
  Sweep shorter = fixture_.sweep;
  shorter.trials.pop_back();
  write_manifest(fixture_.path(), shorter);
  ResultsStore(fixture_.path()).sync();
  ASSERT_THAT(fsck(fixture_.path()).problems, IsEmpty());
  const auto list = SweepLayout(fixture_.path()).vanished_trials_file();
  std::string text = text_of(list);
  text.replace(text.find(R"("learning_rate":0.1)"), 19, R"("learning_rate":0.5)");
  std::ofstream(list) << text;
  const FsckReport report = fsck(fixture_.path());
  ASSERT_GE(report.problems.size(), 1);
  EXPECT_EQ(report.problems[0].where, list.string());
  EXPECT_THAT(report.problems[0].message, HasSubstr("does not fit its ids"));
  EXPECT_FALSE(report.is_sound());
}

TEST_F(Fsck, finds_weights_that_are_not_the_recorded_ones) {
  values_[2] = 3.5;
  write_weights(weights_file());
  EXPECT_THAT(problem(), HasSubstr("but the record of trial " + fixture_.id(0).text() + " says"));
}

TEST_F(Fsck, finds_a_weights_file_that_is_cut_off) {
  std::filesystem::resize_file(weights_file(), 40);
  EXPECT_FALSE(fsck(fixture_.path()).is_sound());
  EXPECT_TRUE(fsck(fixture_.path(), {.check_artifacts = false}).is_sound());
}

TEST_F(Fsck, finds_a_configuration_that_does_not_fit_its_id) {
  const auto file = SweepLayout(fixture_.path()).trials_file();
  std::string text = text_of(file);
  const std::string place = "\"epochs\":";
  text.insert(text.find(place) + place.size(), "1");
  std::ofstream(file) << text;
  EXPECT_THROW(ResultsStore(fixture_.path()).sync(), StoreError) << "nothing of it is shown";
  EXPECT_THAT(problem(), HasSubstr("does not fit its ids"));
}

TEST_F(Fsck, calls_links_out_of_the_sweep_damage_wherever_they_are) {
  const TemporaryDirectory elsewhere;
  for (const char* name : {"supervisors", "logs", "evaluations"}) {
    std::filesystem::create_directory(fixture_.path() / name);
  }
  for (const char* name : {"trials.jsonl",
                           "segments",
                           "artifacts",
                           "results.sqlite",
                           "supervisors",
                           "logs",
                           "evaluations"}) {
    SCOPED_TRACE(name);
    const auto inside = fixture_.path() / name;
    const auto outside = elsewhere.path() / name;
    std::filesystem::rename(inside, outside);
    std::filesystem::create_symlink(outside, inside);
    const FsckReport report = fsck(fixture_.path());
    std::filesystem::remove(inside);
    std::filesystem::rename(outside, inside);
    EXPECT_FALSE(report.has(FsckFinding::kUnchecked));
    EXPECT_EQ(std::ranges::count(report.problems, inside.string(), &FsckProblem::where), 1);
    EXPECT_FALSE(report.is_sound());
  }
}

TEST_F(Fsck, calls_what_is_no_file_in_the_place_of_one_damage) {
  const SweepLayout layout(fixture_.path());
  for (const auto& path : {layout.segments(),
                           layout.trials_file(),
                           layout.settings_file(),
                           layout.vanished_trials_file(),
                           weights_file(),
                           layout.best_weights(fixture_.id(0))}) {
    SCOPED_TRACE(path);
    const auto aside = path.string() + ".aside";
    const bool was_there = std::filesystem::exists(path);
    if (was_there) std::filesystem::rename(path, aside);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_FALSE(fsck(fixture_.path()).is_sound());
    std::filesystem::remove(path);
    if (was_there) std::filesystem::rename(aside, path);
    EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
  }
}

TEST_F(Fsck, that_may_not_read_a_file_says_that_it_could_not_check) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  std::filesystem::permissions(weights_file(), std::filesystem::perms::none);
  const FsckReport report = fsck(fixture_.path());
  ASSERT_EQ(report.problems.size(), 1);
  EXPECT_EQ(report.problems[0].finding, FsckFinding::kUnchecked);
}

TEST_F(Fsck, needs_a_sweep) {
  const TemporaryDirectory directory;
  EXPECT_THROW(fsck(directory.path()), ConfigError);
}

}  // namespace
}  // namespace headway
