#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/sweep_layout.h"
#include "config/schema/catalog.h"
#include "runner/cli/catalog_kinds.h"
#include "runner/cli/verb.h"
#include "store/manifest/sweep_manifest.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

class Program : public testing::Test {
 protected:
  Outcome headway(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    VerbContext context{.out = out, .err = err, .results_root = directory_.path()};
    const int exit_code = run_program(arguments, context);
    return {exit_code, out.str(), err.str()};
  }

  TemporaryDirectory directory_;
};

TEST_F(Program, an_unknown_verb_brings_the_nearest_one_and_the_usage) {
  const Outcome outcome = headway({"lsit"});
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_THAT(outcome.err, HasSubstr("unknown verb 'lsit'; did you mean 'list'?"));
  EXPECT_THAT(outcome.err, HasSubstr("Usage: headway"));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Program, an_unknown_option_brings_the_nearest_one_of_its_verb) {
  const Outcome outcome = headway({"list", "heads", "--jsn"});
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_THAT(outcome.err,
              HasSubstr("headway list: unknown option '--jsn'; did you mean '--json'?"));
  EXPECT_THAT(outcome.err, HasSubstr("Usage: headway list"));
}

TEST_F(Program, a_value_that_an_option_does_not_take_is_refused_with_what_it_takes) {
  for (const std::string text : {"0", "-3", "two", "1.5", "99999999999999999999", ""}) {
    const Outcome outcome = headway({"run", "sweep", "--groups=" + text});
    EXPECT_EQ(outcome.exit_code, kExitUsage) << text;
    EXPECT_THAT(outcome.err, HasSubstr("headway run: --groups")) << text;
  }
  EXPECT_THAT(headway({"run", "sweep", "--groups", "0"}).err,
              HasSubstr("--groups: expected an integer in [1, 1024], found '0'"));
  for (const std::string option : {"--groups", "--ranks"}) {
    for (const std::string count : {"2147483648", "9223372036854775807", "1025"}) {
      const Outcome outcome = headway({"run", "sweep", option, count});
      EXPECT_EQ(outcome.exit_code, kExitUsage);
      EXPECT_THAT(outcome.err, HasSubstr("in [1, 1024], found '" + count + "'"));
    }
  }
  EXPECT_THAT(headway({"run", "sweep", "--ranks", "3"}).err,
              HasSubstr("--ranks: expected a power of two in [1, 1024], found '3'"));
  for (const std::string option : {"--time-limit", "--hang-timeout"}) {
    const Outcome outcome = headway({"run", "sweep", option, "1e300"});
    EXPECT_EQ(outcome.exit_code, kExitUsage);
    EXPECT_THAT(outcome.err, HasSubstr(option + ": expected a time such as 2h"));
  }
  EXPECT_THAT(headway({"logs", "3f2a", "-n", "0"}).err,
              HasSubstr("expected an integer >= 1, found '0'"));
  EXPECT_THAT(headway({"export", "features", "3f2a", "--out", "f", "--split", "tset"}).err,
              HasSubstr("--split: expected one of train, validation, test, found 'tset'; did you "
                        "mean 'test'?"));
}

TEST_F(Program, a_verb_within_a_verb_has_its_own_suggestion) {
  const Outcome outcome = headway({"export", "wieghts", "3f2a"});
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'weights'?"));
}

TEST_F(Program, no_verb_at_all_is_a_mistake) {
  EXPECT_EQ(headway({}).exit_code, kExitUsage);
}

TEST_F(Program, mistakes_of_the_user_end_with_code_2) {
  const Outcome outcome = headway({"status", "no_such_sweep"});
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_THAT(outcome.err, HasSubstr("no sweep 'no_such_sweep'"));
}

TEST_F(Program, a_damaged_plan_ends_with_code_4) {
  const auto sweep = directory_.path() / "damaged";
  write_manifest(sweep, small_sweep(1));
  std::filesystem::resize_file(SweepLayout(sweep).trials_file(), 20);
  const Outcome outcome = headway({"status", "damaged"});
  EXPECT_EQ(outcome.exit_code, kExitStore) << outcome.err;
}

TEST_F(Program, help_goes_to_standard_output_and_is_no_failure) {
  const Outcome outcome = headway({"--help"});
  EXPECT_EQ(outcome.exit_code, kExitDone);
  EXPECT_THAT(outcome.out, HasSubstr("Example"));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("__complete"))) << "it is for scripts";
  EXPECT_EQ(outcome.err, "");
}

/// The words behind `headway` of every verb, and of every verb within a verb.
void collect_verbs(const CLI::App& app,
                   const std::vector<std::string>& words,
                   std::vector<std::vector<std::string>>& found) {
  for (const CLI::App* verb : app.get_subcommands({})) {
    std::vector<std::string> deeper = words;
    deeper.push_back(verb->get_name());
    found.push_back(deeper);
    collect_verbs(*verb, deeper, found);
  }
}

TEST_F(Program, the_help_of_every_verb_shows_an_example_of_it) {
  std::ostringstream none;
  VerbContext context{.out = none, .err = none, .results_root = {}};
  CLI::App app("", "headway");
  add_verbs(app, context);
  std::vector<std::vector<std::string>> verbs;
  collect_verbs(app, {}, verbs);
  ASSERT_GE(verbs.size(), 16U);
  for (std::vector<std::string> words : verbs) {
    std::string line = "headway";
    for (const std::string& word : words) line += " " + word;
    const bool is_hidden = find_verb(app, words.front())->get_group().empty();
    words.emplace_back("--help");
    if (is_hidden) continue;  // it takes all words for those to be completed
    const Outcome outcome = headway(words);
    EXPECT_EQ(outcome.exit_code, kExitDone) << line;
    const auto examples = outcome.out.find("Examples:");
    ASSERT_NE(examples, std::string::npos) << line;
    EXPECT_NE(outcome.out.find(line, examples), std::string::npos) << line;
    EXPECT_EQ(outcome.err, "");
  }
}

TEST_F(Program, list_shows_every_component_of_the_catalog_with_its_options) {
  const Outcome outcome = headway({"list", "heads", "--json"});
  const auto json = nlohmann::json::parse(outcome.out);
  ASSERT_EQ(json.size(), catalog(Family::kHead).size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const ComponentSpec& head = catalog(Family::kHead)[i];
    EXPECT_EQ(json[i].at("name"), head.name);
    EXPECT_EQ(json[i].at("options").size(), head.options.size());
    EXPECT_THAT(headway({"list", "heads"}).out, HasSubstr(head.summary.substr(0, 20)));
  }
}

TEST_F(Program, help_of_list_names_every_kind) {
  const std::string help = headway({"list", "--help"}).out;
  for (const CatalogKind& kind : catalog_kinds()) {
    EXPECT_THAT(help, AnyOf(HasSubstr(kind.name + ","), HasSubstr(kind.name + ".")));
  }
}

TEST_F(Program, list_of_an_unknown_name_brings_the_nearest) {
  EXPECT_THAT(headway({"list", "heads", "cosin"}).err, HasSubstr("did you mean 'cosine'?"));
  EXPECT_THAT(headway({"list", "head"}).err, HasSubstr("did you mean 'heads'?"));
}

TEST_F(Program, status_of_an_untouched_sweep_counts_its_trials_as_pending) {
  write_manifest(directory_.path() / "small", small_sweep(3));
  const auto json = nlohmann::json::parse(headway({"status", "--json"}).out);
  EXPECT_EQ(json.at("sweep"), "small");
  EXPECT_EQ(json.at("counts").at("pending"), 3);
  EXPECT_EQ(json.at("counts").at("done"), 0);
  EXPECT_TRUE(json.at("remaining_seconds").is_null());  // nobody works
  EXPECT_GT(json.at("remaining_slot_seconds"), 0);
}

TEST_F(Program, logs_of_a_trial_that_never_ran_say_so) {
  write_manifest(directory_.path() / "small", small_sweep(1));
  const Outcome outcome = headway({"logs", small_trial(0).trial_id});
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_THAT(outcome.err, HasSubstr("has no log yet: it is pending"));
}

TEST_F(Program, an_empty_value_is_refused_wherever_it_stands) {
  write_manifest(directory_.path() / "small", small_sweep(1));
  const std::vector<std::vector<std::string>> lines{
      {"run", "small", "--time-limit", ""},
      {"run", "small", "--time-limit="},
      {"run", "small", "--hang-timeout", ""},
      {"run", ""},
      {"show", ""},
      {"why", ""},
      {"logs", ""},
      {"cancel", ""},
      {"export", "weights", "", "--out", "w"},
      {"export", "features", "", "--out", "f"},
      {"evaluate", "small", "--suite", "geometry", "--trial", ""},
      {"retry", "small", ""},
      {"show", small_trial(0).trial_id, "--sweep", ""},
      {"status", ""},
      {"table", "small", "--by", ""},
      {"status", "small", "--results", ""}};
  for (const std::vector<std::string>& line : lines) {
    const Outcome outcome = headway(line);
    EXPECT_EQ(outcome.exit_code, kExitUsage) << line.front();
    EXPECT_THAT(outcome.err,
                AnyOf(HasSubstr("expected a value, found ''"), HasSubstr("1 required")))
        << line.front();
  }
}

TEST_F(Program, every_verb_about_a_trial_takes_its_sweep_in_both_forms) {
  write_manifest(directory_.path() / "small", small_sweep(1));
  write_manifest(directory_.path() / "same", small_sweep(1));
  const std::string trial = small_trial(0).trial_id;
  for (const std::string verb : {"show", "why", "logs", "cancel", "interrupt"}) {
    const Outcome unclear = headway({verb, trial});
    EXPECT_EQ(unclear.exit_code, kExitUsage) << verb;
    EXPECT_THAT(unclear.err, HasSubstr("in the sweeps 'same', 'small': say which with --sweep"));
    const Outcome behind = headway({verb, trial, "small"});
    const Outcome named = headway({verb, "--sweep", "small", trial});
    const bool is_cancelled = verb == "cancel";  // the second time there is nothing to do
    EXPECT_EQ(behind.exit_code, is_cancelled ? int{kExitDone} : named.exit_code) << behind.err;
    EXPECT_THAT(named.err, testing::Not(HasSubstr("Usage"))) << verb;
    EXPECT_EQ(headway({verb, trial, "small", "same"}).exit_code, kExitUsage) << verb;
  }
  EXPECT_EQ(headway({"retry", "--sweep", "small", trial}).exit_code, kExitDone);
  EXPECT_EQ(headway({"cancel", "--all", "--sweep", "small"}).exit_code, kExitDone);
  EXPECT_THAT(headway({"retry", trial}).err, HasSubstr("headway retry SWEEP TRIAL"));
}

TEST_F(Program, a_cancellation_names_the_command_that_takes_it_back) {
  write_manifest(directory_.path() / "small", small_sweep(2));
  const std::string sweep = (directory_.path() / "small").string();
  EXPECT_THAT(headway({"cancel", small_trial(0).trial_id}).err,
              HasSubstr("`headway retry " + sweep + " " + small_trial(0).trial_id.text() + "`"));
  EXPECT_EQ(headway({"retry", sweep, small_trial(0).trial_id}).exit_code, kExitDone);
  EXPECT_THAT(headway({"cancel", "--all", "small"}).err,
              HasSubstr("`headway retry " + sweep + " --all`"));
  EXPECT_EQ(headway({"retry", sweep, "--all"}).exit_code, kExitDone);
}

TEST_F(Program, who_names_a_sweep_alone_is_told_of_all) {
  write_manifest(directory_.path() / "small", small_sweep(1));
  for (const std::string verb : {"cancel", "interrupt"}) {
    EXPECT_THAT(headway({verb, "small"}).err, HasSubstr("--all small means all of its trials"));
  }
}

}  // namespace
}  // namespace headway
