#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/errors.h"
#include "base/sweep_layout.h"
#include "store/manifest/sweep_manifest.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"
#include "support/trial_ids.h"
#include "sweep/location.h"

namespace headway {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Location : public testing::Test {
 protected:
  fs::path make_sweep(const std::string& name, std::int64_t trials = 2) {
    Sweep sweep = small_sweep(trials);
    sweep.name = SweepName(name);
    write_manifest(root() / name, sweep);
    return root() / name;
  }

  void set_age(const fs::path& sweep, int seconds) {
    const auto time = fs::file_time_type::clock::now() - std::chrono::seconds(seconds);
    fs::last_write_time(SweepLayout(sweep).trials_file(), time);
  }

  std::string message_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no ConfigError";
  }

  fs::path root() const { return directory_.path() / "results"; }
  fs::path folder() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

TEST_F(Location, a_name_is_looked_up_under_the_results_root) {
  const fs::path made = make_sweep("margins");
  const SweepLocation found = find_sweep("margins", root());
  EXPECT_EQ(found.name, "margins");
  EXPECT_TRUE(fs::equivalent(found.directory, made));
}

TEST_F(Location, a_directory_is_taken_as_it_is_with_and_without_a_slash) {
  const fs::path made = make_sweep("margins");
  EXPECT_EQ(find_sweep(made.string(), "/nowhere").name, "margins");
  EXPECT_EQ(find_sweep(made.string() + "/", "/nowhere").name, "margins");
}

TEST_F(Location, a_file_stands_for_the_sweep_that_it_names) {
  make_sweep("margins");
  const fs::path file = folder() / "other_name.yaml";
  std::ofstream(file) << "name: margins\ntrial:\n  head: {name: dot}\n";
  EXPECT_EQ(find_sweep(file.string(), root()).name, "margins");
}

TEST_F(Location, a_file_whose_sweep_was_never_run_says_so) {
  const fs::path file = folder() / "margins.yaml";
  std::ofstream(file) << "name: margins\ntrial:\n  head: {name: dot}\n";
  const std::string message = message_of([&] { find_sweep(file.string(), root()); });
  EXPECT_THAT(message, HasSubstr("has not been run under the results root"));
}

TEST_F(Location, an_unknown_name_brings_the_nearest_sweep) {
  make_sweep("margins");
  make_sweep("quickstart");
  const std::string message = message_of([&] { find_sweep("margin", root()); });
  EXPECT_THAT(message, HasSubstr("no sweep 'margin'"));
  EXPECT_THAT(message, HasSubstr(root().string()));
  EXPECT_THAT(message, HasSubstr("did you mean 'margins'?"));
}

TEST_F(Location, a_directory_without_a_plan_is_told_from_a_name) {
  fs::create_directories(folder() / "empty");
  const std::string message =
      message_of([&] { find_sweep((folder() / "empty").string(), root()); });
  EXPECT_THAT(message, HasSubstr("no trials.jsonl"));
}

TEST_F(Location, what_no_directory_can_be_is_told_with_the_reason) {
  const std::string long_name(300, 'x');
  std::string message = message_of([&] { find_sweep(long_name, root()); });
  EXPECT_THAT(message, HasSubstr("xxx...' (300 bytes) is no sweep's name"));
  EXPECT_THAT(message, HasSubstr("File name too long"));
  const fs::path loop = folder() / "loop";
  fs::create_symlink("loop", loop);
  message = message_of([&] { find_sweep(loop.string(), root()); });
  EXPECT_THAT(message, HasSubstr("loop' is no sweep's name"));
  EXPECT_THAT(message, HasSubstr("Too many levels of symbolic links"));
}

TEST_F(Location, a_sweep_that_lost_its_list_of_trials_is_told_from_none) {
  const fs::path made = make_sweep("margins");
  fs::create_directories(SweepLayout(made).segments());
  fs::remove(SweepLayout(made).trials_file());
  for (const std::string& argument : {std::string("margins"), made.string()}) {
    try {
      find_sweep(argument, root());
      ADD_FAILURE() << argument;
    } catch (const StoreError& error) {
      EXPECT_THAT(error.what(), HasSubstr("the list of its trials, is gone; `headway run` with"));
    }
  }
}

TEST_F(Location, an_empty_results_root_says_how_to_set_another) {
  EXPECT_THAT(message_of([&] { find_sweep("margins", root()); }), HasSubstr("HEADWAY_RESULTS"));
  EXPECT_THAT(message_of([&] { find_sweep_or_newest("", root()); }), HasSubstr("HEADWAY_RESULTS"));
}

TEST_F(Location, the_newest_sweep_is_the_one_that_changed_last) {
  set_age(make_sweep("first"), 10);
  set_age(make_sweep("second"), 20);
  EXPECT_EQ(find_sweep_or_newest("", root()).name, "first");
  const fs::path segments = SweepLayout(root() / "second").segments();
  fs::create_directories(segments);
  std::ofstream(segments / "host-1-a.jsonl") << "";
  EXPECT_EQ(find_sweep_or_newest("", root()).name, "second");
}

TEST_F(Location, a_trial_is_found_by_the_beginning_of_its_id) {
  make_sweep("margins", 1);
  const TrialId id = small_trial(0).trial_id;
  const TrialLocation found = locate_trial(id.text().substr(0, 5), "", root());
  EXPECT_EQ(found.trial_id, id);
  EXPECT_EQ(found.sweep.name, "margins");
}

TEST_F(Location, an_ambiguous_beginning_lists_the_ids) {
  make_sweep("margins", 40);  // more trials than hex digits: two begin alike
  std::map<char, std::vector<std::string>> by_digit;
  for (std::int64_t seed = 0; seed < 40; ++seed) {
    const std::string id = small_trial(seed).trial_id;
    by_digit[id.front()].push_back(id);
  }
  for (const auto& entry : by_digit) {
    if (entry.second.size() < 2) continue;
    const std::string message = message_of([&] { locate_trial({entry.first}, "", root()); });
    EXPECT_THAT(message, HasSubstr("begins " + std::to_string(entry.second.size()) + " trial ids"));
    return;
  }
  FAIL() << "40 ids begin with 40 different digits";
}

TEST_F(Location, a_trial_of_several_sweeps_is_refused_with_their_names_unless_one_is_named) {
  make_sweep("older");
  make_sweep("newer");
  const std::string id = small_trial(0).trial_id;
  EXPECT_THAT(
      message_of([&] { locate_trial(id.substr(0, 6), "", root()); }),
      HasSubstr("trial " + id + " is in the sweeps 'newer', 'older': say which with --sweep NAME"));
  EXPECT_EQ(locate_trial(id, "older", root()).sweep.name, "older");
}

TEST_F(Location, an_unknown_trial_says_where_it_was_sought) {
  make_sweep("margins");
  EXPECT_THAT(message_of([&] { locate_trial("zzz", "", root()); }),
              HasSubstr("no trial 'zzz' in sweep 'margins'"));
  make_sweep("second");
  EXPECT_THAT(message_of([&] { locate_trial("zzz", "", root()); }), HasSubstr("in the 2 sweeps"));
}

TEST_F(Location, a_trial_that_left_the_plan_is_still_found) {
  make_sweep("margins", 2);
  make_sweep("margins", 1);
  EXPECT_EQ(locate_trial(small_trial(1).trial_id, "", root()).sweep.name, "margins");
}

TEST(MatchingTrialId, an_id_is_found_whole_or_by_a_beginning_that_no_other_has) {
  const std::vector<TrialId> ids{id_beginning("3f2a"), id_beginning("3f2a11"), id_beginning("77")};
  EXPECT_EQ(matching_trial_id("3f2a00000000", ids, "in sweep 'x'"), ids[0]);
  EXPECT_EQ(matching_trial_id("7", ids, "in sweep 'x'"), ids[2]);
  EXPECT_THROW(matching_trial_id("3f2a", ids, "in sweep 'x'"), ConfigError);
}

TEST(MatchingTrialId, a_slip_brings_the_nearest_id) {
  try {
    matching_trial_id("3f2b00000000", {id_beginning("3f2a"), id_beginning("77aa")}, "in sweep 'x'");
    FAIL() << "an unknown trial was found";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("no trial '3f2b00000000' in sweep 'x'; did you mean '3f2a00000000'?"));
  }
}

}  // namespace
}  // namespace headway
