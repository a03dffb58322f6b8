#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "runner/cli/process.h"
#include "runner/cli/verb.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;

/// What bash offers after `headway WORDS`, the last word being completed.
class BashCompletion : public testing::Test {
 protected:
  std::vector<std::string> complete(const std::vector<std::string>& words) {
    std::ostringstream script;
    VerbContext context{.out = script, .err = script, .results_root = results_.path()};
    EXPECT_EQ(run_program({"completion", "bash"}, context), 0);
    script << "COMP_WORDS=(headway";
    for (const std::string& word : words) script << " '" << word << "'";
    script << ")\nCOMP_CWORD=" << words.size()
           << "\n_headway\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
    const CapturedRun run =
        run_captured({.command = {"bash", "-euc", script.str()},
                      .environment = {{"HEADWAY_RESULTS", results_.path().string()}}},
                     10);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    std::vector<std::string> offers;
    std::istringstream lines(run.out);
    for (std::string line; std::getline(lines, line);) offers.push_back(line);
    return offers;
  }

  TemporaryDirectory results_;
};

TEST_F(BashCompletion, verbs_come_first) {
  EXPECT_THAT(complete({"pl"}), testing::ElementsAre("plan"));
  EXPECT_THAT(complete({""}), IsSupersetOf({"list", "plan", "status", "export", "completion"}));
}

TEST_F(BashCompletion, options_are_those_of_the_verb) {
  EXPECT_THAT(complete({"plan", "--"}), IsSupersetOf({"--json", "--trials", "--results"}));
  EXPECT_THAT(complete({"plan", "--"}), Not(Contains("--follow")));
}

TEST_F(BashCompletion, names_come_from_the_catalog) {
  EXPECT_THAT(complete({"list", ""}), IsSupersetOf({"heads", "class-vectors", "metrics"}));
  EXPECT_THAT(complete({"list", "heads", ""}), IsSupersetOf({"cosine", "dot"}));
  // bash splits head.name=co at the equals sign
  EXPECT_THAT(complete({"plan", "sweep.yaml", "head.name", "=", "co"}),
              testing::ElementsAre("cosine"));
}

TEST_F(BashCompletion, a_verb_within_a_verb_is_followed) {
  EXPECT_THAT(complete({"export", "w"}), testing::ElementsAre("weights"));
  EXPECT_THAT(complete({"export", "features", "3f2a", "--sp"}), testing::ElementsAre("--split"));
}

TEST_F(BashCompletion, sweeps_are_those_of_the_results_root) {
  std::filesystem::create_directories(results_.path() / "margins");
  std::ofstream(results_.path() / "margins" / "trials.jsonl") << "";
  std::filesystem::create_directories(results_.path() / "no_sweep");
  EXPECT_THAT(complete({"status", ""}), Contains("margins"));
  EXPECT_THAT(complete({"status", ""}), Not(Contains("no_sweep")));
  EXPECT_THAT(complete({"show", "3f2a", "--sweep", "m"}), testing::ElementsAre("margins"));
}

}  // namespace
}  // namespace headway
