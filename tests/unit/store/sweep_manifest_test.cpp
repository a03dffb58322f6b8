#include "store/manifest/sweep_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/errors.h"
#include "base/sweep_layout.h"
#include "config/schema/ids.h"
#include "config/yaml/trial_reader.h"
#include "store/manifest/manifest_lines.h"
#include "support/text_of.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<TrialId> ids(const std::vector<PlannedTrial>& trials) {
  std::vector<TrialId> result;
  for (const PlannedTrial& trial : trials) result.push_back(trial.trial_id);
  return result;
}

TEST(SweepManifest, a_plan_is_read_back_as_it_was_written) {
  Sweep sweep = make_sweep(2);
  sweep.description = "which head?";
  sweep.resources.ranks = 4;
  sweep.resources.time_limit_seconds = 7200;
  sweep.resources.checkpoints = {.seconds = 5, .steps = 100, .epochs = {}, .keep_best = true};
  sweep.slurm.extra = {"--account=x"};
  sweep.flags = {{sweep.trials[0].cell_id, "a_rule", "a message"}};
  sweep.notes = {"two cells were merged"};
  const SweepFixture fixture(sweep);
  const SweepManifest plan = read_manifest(fixture.path());
  EXPECT_EQ(plan.name, "heads");
  EXPECT_EQ(plan.description, "which head?");
  EXPECT_EQ(plan.resources.ranks, 4);
  EXPECT_EQ(plan.resources.groups, std::nullopt);
  EXPECT_EQ(plan.resources.time_limit_seconds, 7200);
  EXPECT_EQ(plan.resources.checkpoints.seconds, 5);
  EXPECT_EQ(plan.resources.checkpoints.steps, 100);
  EXPECT_EQ(plan.resources.checkpoints.epochs, std::nullopt);
  EXPECT_TRUE(plan.resources.checkpoints.keep_best);
  EXPECT_EQ(plan.slurm.extra, std::vector<std::string>{"--account=x"});
  ASSERT_EQ(plan.flags.size(), 1);
  EXPECT_EQ(plan.flags[0].message, "a message");
  EXPECT_EQ(plan.notes, sweep.notes);
  ASSERT_EQ(plan.trials.size(), 4);
  for (std::size_t i = 0; i < plan.trials.size(); ++i) {
    EXPECT_EQ(plan.trials[i].trial_id, sweep.trials[i].trial_id);
    EXPECT_EQ(plan.trials[i].cell_id, sweep.trials[i].cell_id);
    EXPECT_EQ(plan.trials[i].seed, sweep.trials[i].config.seed);
    EXPECT_EQ(trial_id(plan.trials[i].config()), sweep.trials[i].trial_id);
  }
}

// Where the data lie is no part of an id, so it may change; what was done with it does not.
TEST(SweepManifest, the_recorded_configuration_of_a_finished_trial_stays) {
  Sweep sweep = make_sweep(2);
  for (Trial& trial : sweep.trials) trial.config.dataset.root = "/first";
  const SweepFixture fixture(sweep);
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5), fixture.started(1, 1)});
  Sweep moved = sweep;
  for (Trial& trial : moved.trials) trial.config.dataset.root = "/second";
  const auto roots = [&] {
    std::vector<std::string> found;
    for (const PlannedTrial& trial : read_manifest(fixture.path()).trials) {
      found.push_back(trial.config().dataset.root);
    }
    return found;
  };
  write_manifest(fixture.path(), moved);
  EXPECT_THAT(roots(), testing::ElementsAre("/first", "/second", "/second", "/second"));
  Sweep without = moved;
  without.trials.erase(without.trials.begin());
  write_manifest(fixture.path(), without);
  write_manifest(fixture.path(), moved);  // it comes back
  EXPECT_THAT(roots(), testing::ElementsAre("/first", "/second", "/second", "/second"));
}

TEST(SweepManifest, every_line_of_the_plan_is_json_of_its_own) {
  const SweepFixture fixture;
  std::ifstream file(SweepLayout(fixture.path()).trials_file());
  std::string line;
  std::size_t count = 0;
  while (std::getline(file, line)) {
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json.at("trial_id"), fixture.id(count).text());
    EXPECT_EQ(trial_id(trial_config_from_json(json.at("config"))), fixture.id(count));
    ++count;
  }
  EXPECT_EQ(count, fixture.sweep.trials.size());
}

TEST(SweepManifest, reads_plans_of_the_time_before_losses_were_a_section) {
  const SweepFixture fixture(make_sweep(1));
  const auto trials = read_manifest(fixture.path()).trials;
  std::string text;
  for (PlannedTrial trial : trials) {
    nlohmann::json config = identity_json(trial.config());
    config["dataset"]["root"] = "";
    trial.config_text = config.dump();
    text += manifest_line(trial);
  }
  ASSERT_THAT(text, Not(HasSubstr(R"("loss":)")));
  std::ofstream(SweepLayout(fixture.path()).trials_file()) << text;
  const auto again = read_manifest(fixture.path()).trials;
  ASSERT_EQ(ids(again), ids(trials));
  for (std::size_t i = 0; i < trials.size(); ++i) {
    EXPECT_EQ(again[i].config_text, trials[i].config_text);
  }
}

TEST(SweepManifest, reads_plans_whose_keys_stand_in_another_order) {
  const SweepFixture fixture(make_sweep(1));
  const auto file = SweepLayout(fixture.path()).trials_file();
  const auto before = read_manifest(fixture.path()).trials;
  std::string text;
  for (const PlannedTrial& trial : before) {
    text += nlohmann::json{{"trial_id", trial.trial_id},
                           {"cell_id", trial.cell_id},
                           {"seed", trial.seed},
                           {"config", nlohmann::json::parse(trial.config_text)}}
                .dump() +
            "\n";
  }
  std::ofstream(file) << text;
  const auto after = read_manifest(fixture.path()).trials;
  EXPECT_EQ(ids(after), ids(before));
  EXPECT_EQ(after[0].config_text, before[0].config_text);
}

TEST(SweepManifest, a_damaged_list_of_trials_is_put_aside_and_written_anew) {
  const SweepFixture fixture;
  const auto file = SweepLayout(fixture.path()).trials_file();
  const auto before = ids(read_manifest(fixture.path()).trials);
  std::string text = text_of(file);
  text.replace(text.find('\n') + 1, 7, "{broken");
  std::ofstream(file) << text;
  EXPECT_THROW(read_manifest(fixture.path()), StoreError);
  const ManifestChange change = write_manifest(fixture.path(), fixture.sweep);
  EXPECT_FALSE(change.is_new);
  EXPECT_EQ(ids(read_manifest(fixture.path()).trials), before);
  EXPECT_EQ(text_of(fixture.path() / "trials.damaged.jsonl"), text);
}

TEST(SweepManifest, a_list_that_was_cut_or_emptied_is_no_smaller_sweep) {
  const SweepFixture fixture;
  const auto file = SweepLayout(fixture.path()).trials_file();
  const std::string sound = text_of(file);
  for (const std::string& cut : {std::string(), sound.substr(0, sound.find('\n') + 1)}) {
    std::ofstream(file) << cut;
    try {
      read_manifest(fixture.path());
      FAIL() << "no error";
    } catch (const StoreError& error) {
      EXPECT_THAT(error.what(), HasSubstr(cut.empty() ? "holds 0 trials" : "holds 1 trials"));
      EXPECT_THAT(error.what(), HasSubstr("plan.json says 6"));
    }
    write_manifest(fixture.path(), fixture.sweep);
    EXPECT_EQ(text_of(file), sound);
  }
  EXPECT_EQ(text_of(fixture.path() / "trials.damaged.jsonl"), "");
}

TEST(SweepManifest, refuses_a_trial_that_stands_in_the_list_twice) {
  const SweepFixture fixture;
  const auto file = SweepLayout(fixture.path()).trials_file();
  const std::string sound = text_of(file);
  std::ofstream(file) << sound << sound;
  try {
    read_manifest(fixture.path());
    FAIL() << "no error";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("trials.jsonl:7: trial " + fixture.id(0).text() + " stands there twice"));
  }
}

// The settings are written first.
TEST(SweepManifest, is_sound_when_its_writer_died_between_its_files) {
  const SweepFixture fixture;
  const auto file = SweepLayout(fixture.path()).trials_file();
  const std::string before = text_of(file);
  Sweep shorter = fixture.sweep;
  shorter.trials.pop_back();
  write_manifest(fixture.path(), shorter);
  EXPECT_EQ(read_manifest(fixture.path()).trials.size(), 5U);
  std::ofstream(file) << before;
  EXPECT_EQ(read_manifest(fixture.path()).trials.size(), 6U);
  write_manifest(fixture.path(), shorter);
  write_manifest(fixture.path(), shorter);
  std::ofstream(file) << before;
  EXPECT_THROW(read_manifest(fixture.path()), StoreError) << "nobody wrote that";
}

TEST(SweepManifest, a_damaged_list_does_not_take_the_place_of_an_earlier_one) {
  const SweepFixture fixture;
  const auto file = SweepLayout(fixture.path()).trials_file();
  for (const char* text : {"first", "second", "third"}) {
    std::ofstream(file) << text;
    write_manifest(fixture.path(), fixture.sweep);
  }
  EXPECT_EQ(text_of(fixture.path() / "trials.damaged.jsonl"), "first");
  EXPECT_EQ(text_of(fixture.path() / "trials.damaged.2.jsonl"), "second");
  EXPECT_EQ(text_of(fixture.path() / "trials.damaged.3.jsonl"), "third");
}

TEST(SweepManifest, a_damaged_list_of_vanished_trials_is_put_aside_and_written_anew) {
  const SweepFixture fixture;
  Sweep shorter = fixture.sweep;
  shorter.trials.erase(shorter.trials.begin(), shorter.trials.begin() + 2);
  write_manifest(fixture.path(), shorter);
  const auto file = SweepLayout(fixture.path()).vanished_trials_file();
  ASSERT_EQ(ids(read_vanished_trials(fixture.path())), (std::vector{fixture.id(0), fixture.id(1)}));
  std::string text = text_of(file);
  text.replace(0, 7, "{broken");
  std::ofstream(file) << text;
  EXPECT_THROW(read_vanished_trials(fixture.path()), StoreError);
  EXPECT_NO_THROW(write_manifest(fixture.path(), shorter));
  EXPECT_EQ(text_of(fixture.path() / "trials.damaged.jsonl"), text);
  EXPECT_EQ(ids(read_vanished_trials(fixture.path())), std::vector{fixture.id(1)})
      << "what can be read of it stays known";
}

// Replaces the first `from` of the file; what it held then.
std::string edit(const std::filesystem::path& file,
                 const std::string& from,
                 const std::string& to) {
  std::string text = text_of(file);
  text.replace(text.find(from), from.size(), to);
  std::ofstream(file) << text;
  return text;
}

TEST(SweepManifest, an_edited_list_of_vanished_trials_is_put_aside_and_written_anew) {
  const SweepFixture fixture;
  Sweep shorter = fixture.sweep;
  shorter.trials.erase(shorter.trials.begin(), shorter.trials.begin() + 2);
  write_manifest(fixture.path(), shorter);
  const auto file = SweepLayout(fixture.path()).vanished_trials_file();
  const std::string text = edit(file, R"("learning_rate":0.1)", R"("learning_rate":0.5)");
  write_manifest(fixture.path(), shorter);
  EXPECT_EQ(text_of(fixture.path() / "trials.damaged.jsonl"), text);
  EXPECT_EQ(ids(read_vanished_trials(fixture.path())), std::vector{fixture.id(1)});
}

TEST(SweepManifest, an_edited_trial_does_not_vanish_as_what_it_is_not) {
  for (const char* edited : {R"("seed":7,"config")", R"("seed":0,"config":{"x":1})"}) {
    const SweepFixture fixture;
    const auto file = SweepLayout(fixture.path()).trials_file();
    const std::string text = edit(file, R"("seed":0,"config")", edited);
    Sweep shorter = fixture.sweep;
    shorter.trials.erase(shorter.trials.begin(), shorter.trials.begin() + 2);
    write_manifest(fixture.path(), shorter);
    EXPECT_EQ(text_of(fixture.path() / "trials.damaged.jsonl"), text);
    EXPECT_EQ(ids(read_vanished_trials(fixture.path())), std::vector{fixture.id(1)});
  }
}

TEST(SweepManifest, what_can_be_read_of_a_damaged_list_vanishes_in_order) {
  const SweepFixture fixture;
  const auto file = SweepLayout(fixture.path()).trials_file();
  std::ofstream(file, std::ios::app) << "{broken\n";
  Sweep shorter = fixture.sweep;
  shorter.trials.erase(shorter.trials.begin());
  write_manifest(fixture.path(), shorter);
  EXPECT_EQ(ids(read_vanished_trials(fixture.path())), std::vector{fixture.id(0)});
}

TEST(SweepManifest, a_list_that_is_no_file_is_put_aside) {
  const SweepFixture fixture;
  for (const auto& file : {SweepLayout(fixture.path()).trials_file(),
                           SweepLayout(fixture.path()).vanished_trials_file()}) {
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    EXPECT_NO_THROW(write_manifest(fixture.path(), fixture.sweep)) << file;
    EXPECT_EQ(read_manifest(fixture.path()).trials.size(), 6U);
  }
}

TEST(SweepManifest, the_same_sweep_again_changes_nothing) {
  const SweepFixture fixture;
  const auto file = SweepLayout(fixture.path()).trials_file();
  const auto written = std::filesystem::last_write_time(file);
  const ManifestChange change = write_manifest(fixture.path(), fixture.sweep);
  EXPECT_FALSE(change.is_new);
  EXPECT_THAT(change.added, IsEmpty());
  EXPECT_THAT(change.vanished, IsEmpty());
  EXPECT_EQ(change.unchanged, 6);
  EXPECT_EQ(std::filesystem::last_write_time(file), written);
  EXPECT_FALSE(std::filesystem::exists(fixture.path() / "sweep.2.yaml"));
}

TEST(SweepManifest, a_changed_sweep_extends_and_keeps_every_version) {
  const SweepFixture fixture(make_sweep(2));
  Sweep longer = make_sweep(3);
  longer.text = "name: heads\nseeds: 3\n";
  longer.trials.erase(longer.trials.begin());  // one of the old ones leaves
  const ManifestChange change = write_manifest(fixture.path(), longer);
  EXPECT_EQ(change.added, (std::vector{longer.trials[1].trial_id, longer.trials[4].trial_id}));
  EXPECT_EQ(change.vanished, std::vector{fixture.id(0)});
  EXPECT_EQ(change.unchanged, 3);
  EXPECT_EQ(text_of(fixture.path() / "sweep.yaml"), fixture.sweep.text);
  EXPECT_EQ(text_of(fixture.path() / "sweep.2.yaml"), longer.text);
  EXPECT_EQ(ids(read_vanished_trials(fixture.path())), std::vector{fixture.id(0)});

  const ManifestChange back = write_manifest(fixture.path(), fixture.sweep);
  EXPECT_EQ(back.added, std::vector{fixture.id(0)});
  EXPECT_EQ(ids(read_vanished_trials(fixture.path())), change.added);
  EXPECT_EQ(text_of(fixture.path() / "sweep.3.yaml"), fixture.sweep.text);
}

TEST(SweepManifest, two_supervisors_at_once_leave_a_whole_plan) {
  const TemporaryDirectory directory;
  const Sweep sweep = make_sweep(20);
  const auto submit = [&] { write_manifest(directory.path(), sweep); };
  std::thread one(submit);
  std::thread two(submit);
  one.join();
  two.join();
  EXPECT_EQ(read_manifest(directory.path()).trials.size(), 40);
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "sweep.2.yaml"));
  EXPECT_THAT(read_vanished_trials(directory.path()), IsEmpty());
}

TEST(SweepManifest, a_damaged_plan_is_named_with_its_line) {
  const SweepFixture fixture;
  const auto file = SweepLayout(fixture.path()).trials_file();
  std::string text = text_of(file);
  std::filesystem::resize_file(file, text.size() - 10);
  try {
    read_manifest(fixture.path());
    FAIL() << "a damaged plan was read";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), HasSubstr("trials.jsonl:6"));
  }
}

TEST(SweepManifest, a_trial_whose_ids_are_not_those_of_its_configuration_is_refused) {
  const SweepFixture fixture;
  const PlannedTrial sound = read_manifest(fixture.path()).trials[0];
  EXPECT_NO_THROW(sound.config());
  PlannedTrial other = sound;
  other.trial_id = fixture.id(1);
  EXPECT_THROW(other.config(), StoreError);
  other = sound;
  other.cell_id = CellId("0123456789ab");
  EXPECT_THROW(other.config(), StoreError);
  other = sound;
  other.seed += 1;
  EXPECT_THROW(other.config(), StoreError);
  for (const char* text : {"", "{", "[]", R"({"trainnig":{"epochs":1}})", R"({"seed":"x"})"}) {
    other = sound;
    other.config_text = text;
    EXPECT_THROW(other.config(), StoreError) << text;
  }
}

TEST(SweepManifest, needs_a_sweep) {
  const TemporaryDirectory results;
  EXPECT_THROW(read_manifest(results.path()), ConfigError);
  EXPECT_THROW(read_sweep_name(results.path()), ConfigError);
}

TEST(SweepManifest, settings_are_read_back) {
  Sweep sweep = make_sweep(1);
  sweep.resources.ranks = 4;
  sweep.resources.time_limit_seconds = 90;
  sweep.resources.checkpoints.epochs = 3;
  sweep.resources.checkpoints.keep_best = true;
  sweep.slurm.partition = "gpu";
  sweep.slurm.time = "01:00:00";
  sweep.slurm.extra = {"--account=x"};
  sweep.flags = {{CellId("0123456789ab"), "rule", "message"}};
  const SweepFixture fixture(sweep);
  const SweepManifest manifest = read_manifest(fixture.path());
  EXPECT_EQ(manifest.resources.ranks, 4);
  EXPECT_EQ(manifest.resources.groups, std::nullopt);
  EXPECT_EQ(manifest.resources.time_limit_seconds, 90);
  EXPECT_EQ(manifest.resources.checkpoints.epochs, 3);
  EXPECT_TRUE(manifest.resources.checkpoints.keep_best);
  EXPECT_EQ(manifest.slurm.partition, "gpu");
  EXPECT_EQ(manifest.slurm.time, "01:00:00");
  EXPECT_THAT(manifest.slurm.extra, ::testing::ElementsAre("--account=x"));
  EXPECT_EQ(manifest.flags.at(0).message, "message");
}

TEST(SweepManifest, damaged_settings_are_refused_with_the_way_out) {
  const SweepFixture fixture;
  const auto file = SweepLayout(fixture.path()).settings_file();
  const std::string text = text_of(file);
  for (const std::string& damaged :
       {text.substr(0, text.size() / 2), std::string("{}"), std::string(R"({"name": 3})")}) {
    std::ofstream(file) << damaged;
    try {
      read_manifest(fixture.path());
      FAIL() << "read " << damaged;
    } catch (const StoreError& error) {
      EXPECT_THAT(error.what(), HasSubstr("plan.json is damaged"));
    }
  }
}

}  // namespace
}  // namespace headway
