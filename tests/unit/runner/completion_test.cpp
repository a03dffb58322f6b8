#include "runner/completion/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/errors.h"
#include "base/process.h"
#include "base/time.h"
#include "runner/cli/verb.h"
#include "store/manifest/sweep_manifest.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// What `headway __complete -- WORDS` answers, the last word being completed.
class Completion : public testing::Test {
 protected:
  std::vector<std::string> complete(std::vector<std::string> words) {
    words.insert(words.begin(), {"__complete", "--"});
    std::ostringstream out;
    std::ostringstream err;
    VerbContext context{.out = out, .err = err, .results_root = results_.path()};
    EXPECT_EQ(run_program(words, context), kExitDone) << err.str();
    return lines_of(out.str());
  }

  TemporaryDirectory results_;
};

TEST_F(Completion, verbs_come_first_and_hidden_ones_never) {
  EXPECT_THAT(complete({"pl"}), ElementsAre("plan"));
  EXPECT_THAT(complete({""}), IsSupersetOf({"list", "plan", "status", "export", "completion"}));
  EXPECT_THAT(complete({"_"}), IsEmpty());
  EXPECT_THAT(complete({}), Contains("plan"));
}

TEST_F(Completion, options_are_those_of_the_verb) {
  EXPECT_THAT(complete({"plan", "--"}), IsSupersetOf({"--json", "--trials", "--results"}));
  EXPECT_THAT(complete({"plan", "--"}), Not(Contains("--follow")));
}

TEST_F(Completion, choices_of_an_option_come_from_its_verb) {
  EXPECT_THAT(complete({"table", "--format", ""}), Contains("latex"));
  EXPECT_THAT(complete({"export", "trials", "--format", "j"}), ElementsAre("json", "jsonl"));
  EXPECT_THAT(complete({"export", "features", "--split=v"}), ElementsAre("--split=validation"));
  EXPECT_THAT(complete({"completion", ""}), ElementsAre("bash", "fish", "zsh"));
  EXPECT_THAT(complete({"run", "--groups", ""}), IsEmpty()) << "a number";
}

TEST_F(Completion, names_come_from_the_catalog) {
  EXPECT_THAT(complete({"list", ""}), IsSupersetOf({"heads", "class-vectors", "metrics"}));
  EXPECT_THAT(complete({"list", "heads", ""}), IsSupersetOf({"cosine", "dot"}));
  EXPECT_THAT(complete({"table", "small", "--metrics", "test_error,top1"}),
              Contains("test_error,top1_accuracy"));
}

TEST_F(Completion, an_override_is_completed_key_first) {
  EXPECT_THAT(complete({"plan", "sweep.yaml", "head.na"}), ElementsAre("head.name="));
  EXPECT_THAT(complete({"plan", "sweep.yaml", "resources.th"}),
              ElementsAre("resources.threads_per_rank="));
  EXPECT_THAT(complete({"plan", "sweep.yaml", "~augm"}), ElementsAre("~augmentation"));
  EXPECT_THAT(complete({"plan", "sweep.yaml", "head"}), Not(Contains("head=")))
      << "a section holds no value";
}

TEST_F(Completion, behind_the_equals_sign_come_the_names_that_the_key_takes) {
  std::vector<std::string> heads;
  for (const ComponentSpec& head : catalog(Family::kHead))
    heads.push_back("head.name=" + head.name);
  EXPECT_THAT(complete({"plan", "sweep.yaml", "head.name="}),
              testing::UnorderedElementsAreArray(heads));
  EXPECT_THAT(complete({"run", "s.yaml", "seed=1", "head.name=dot,co"}),
              Contains("head.name=dot,cosine"));
  EXPECT_THAT(complete({"plan", "s.yaml", "training.precision="}),
              Contains("training.precision=bf16"));
  EXPECT_THAT(complete({"plan", "s.yaml", "training.drop_last="}),
              ElementsAre("training.drop_last=false", "training.drop_last=true"));
  EXPECT_THAT(complete({"plan", "s.yaml", "training.epochs="}), IsEmpty());
}

TEST_F(Completion, what_bash_splits_at_the_equals_sign_is_one_word) {
  EXPECT_THAT(complete({"plan", "sweep.yaml", "head.name", "=", "co"}), ElementsAre("cosine"));
  EXPECT_THAT(complete({"plan", "sweep.yaml", "head.name", "="}), IsSupersetOf({"cosine", "dot"}));
  EXPECT_THAT(complete({"plan", "sweep.yaml", "seed", "=", "1", "head.na"}),
              ElementsAre("head.name="));
}

TEST_F(Completion, a_verb_within_a_verb_is_followed) {
  EXPECT_THAT(complete({"export", "w"}), ElementsAre("weights"));
  EXPECT_THAT(complete({"export", "features", "3f2a", "--sp"}), ElementsAre("--split"));
}

TEST_F(Completion, sweeps_are_those_of_the_results_root) {
  write_manifest(results_.path() / "margins", small_sweep(1));
  std::filesystem::create_directories(results_.path() / "no_sweep");
  EXPECT_THAT(complete({"status", ""}), Contains("margins"));
  EXPECT_THAT(complete({"status", ""}), Not(Contains("no_sweep")));
  EXPECT_THAT(complete({"show", "3f2a", "--sweep", ""}), ElementsAre("margins"));
  const std::string root = (results_.path() / "nothing").string();
  EXPECT_THAT(complete({"show", "--results", root, "--sweep", ""}), IsEmpty());
}

TEST_F(Completion, trial_ids_are_those_of_the_sweep_that_is_named) {
  write_manifest(results_.path() / "old", small_sweep(1, 2));
  write_manifest(results_.path() / "new", small_sweep(1));
  EXPECT_THAT(complete({"show", "--sweep", "old", ""}), ElementsAre(small_trial(0, 2).trial_id));
  EXPECT_THAT(complete({"retry", "new", ""}), ElementsAre(small_trial(0).trial_id));
  EXPECT_THAT(complete({"retry", "--sweep", "old", ""}), ElementsAre(small_trial(0, 2).trial_id));
  EXPECT_THAT(complete({"why", ""}), testing::SizeIs(1)) << "of the newest sweep";
}

TEST_F(Completion, sweep_files_and_folders_are_offered_where_they_fit) {
  const auto folder = results_.path() / "files";
  std::filesystem::create_directories(folder / "deeper");
  for (const char* name : {"a.yaml", "b.yml", "c.txt", ".hidden.yaml"}) {
    std::ofstream(folder / name) << "";
  }
  const std::string prefix = folder.string() + "/";
  EXPECT_THAT(complete({"plan", prefix}),
              ElementsAre(prefix + "a.yaml", prefix + "b.yml", prefix + "deeper/"));
  EXPECT_THAT(complete({"plan", "--results", prefix}), ElementsAre(prefix + "deeper/"));
  EXPECT_THAT(complete({"export", "weights", "3f", "--out", prefix}), Contains(prefix + "c.txt"));
}

TEST_F(Completion, an_answer_takes_less_than_a_tenth_of_a_second) {
  write_manifest(results_.path() / "many", small_sweep(2000));
  const double start = monotonic_seconds();
  complete({"show", "--sweep", "many", ""});
  complete({"plan", "sweep.yaml", "head.name="});
  EXPECT_LT(monotonic_seconds() - start, 0.2);
}

TEST(CompletionScript, an_unknown_shell_brings_the_nearest) {
  EXPECT_THROW(completion_script("bahs"), ConfigError);
  for (const std::string& shell : completed_shells()) {
    EXPECT_LE(lines_of(completion_script(shell)).size(), 8U) << shell;
  }
}

/// The script in a real bash, with `headway` standing for the program.
TEST_F(Completion, bash_asks_the_program_and_offers_what_it_answers) {
  const auto program = results_.path() / "headway";
  std::ofstream(program) << "#!/bin/sh\nfor word in \"$@\"; do echo \"<$word>\"; done\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const std::string script = completion_script("bash") +
                             "COMP_WORDS=(headway plan 'a b' '')\nCOMP_CWORD=3\n_headway '" +
                             program.string() + "'\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  const CapturedRun run = run_captured({.command = {"bash", "-euc", script}}, 10);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(lines_of(run.out), ElementsAre("<__complete>", "<-->", "<plan>", "<a b>", "<>"));
}

}  // namespace
}  // namespace headway
