#include "sweep/evaluation_state.h"

#include <gtest/gtest.h>

#include "store/segments/segment_writer.h"
#include "support/temporary_directory.h"
#include "support/trial_ids.h"

namespace headway {
namespace {

constexpr const char* kSuite = "calibration";
const TrialId kTrial = id_beginning("a");

class EvaluationStateTest : public testing::Test {
 protected:
  void failed(SegmentWriter& by, const std::string& failure) {
    by.append(
        EvaluationFailed{.trial_id = kTrial, .evaluation = kSuite, .claim = 1, .failure = failure},
        Flush::kNow);
    state_.refresh();
  }
  void evaluated(SegmentWriter& by) {
    by.append(Evaluated{.trial_id = kTrial,
                        .evaluation = kSuite,
                        .attempt = 1,
                        .weights_sha256 = "aa",
                        .claim = 1},
              Flush::kNow);
    state_.refresh();
  }
  const AttemptRecord& claim() const { return state_.trial(kTrial).evaluation.attempts.at(1); }

  TemporaryDirectory folder_;
  SegmentWriter worker_{folder_.path(), "worker"};
  SegmentWriter supervisor_{folder_.path(), "supervisor"};
  EvaluationState state_{folder_.path(), kSuite};
};

TEST_F(EvaluationStateTest, of_two_failures_the_workers_own_word_counts_whichever_is_read_first) {
  failed(supervisor_, "crash");
  failed(worker_, "error");
  EXPECT_EQ(claim().failure, "error");
  failed(supervisor_, "crash");
  EXPECT_EQ(claim().failure, "error");
}

TEST_F(EvaluationStateTest, results_count_more_than_a_failure) {
  failed(supervisor_, "crash");
  evaluated(worker_);
  failed(supervisor_, "crash");
  EXPECT_EQ(claim().state, "done");
}

TEST_F(EvaluationStateTest, results_of_training_are_those_of_the_attempt_that_decides) {
  const auto done = [&](int attempt, double loss) {
    worker_.append(AttemptFinished{.trial_id = kTrial,
                                   .attempt = attempt,
                                   .state = "done",
                                   .results = RecordedValues{{"test", {{"loss", loss}}}}},
                   Flush::kNow);
  };
  done(2, 0.25);
  done(1, 0.75);  // was fenced off
  state_.refresh();
  EXPECT_EQ(state_.trial(kTrial).test_results().at("loss"), 0.25);
}

}  // namespace
}  // namespace headway
