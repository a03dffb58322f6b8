#include "store/segments/trial_record.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/errors.h"

namespace headway {
namespace {

const nlohmann::json kWorker = {{"kind", "writer"},
                                {"role", "worker"},
                                {"headway_version", "0.1.0"},
                                {"git_revision", "abc"},
                                {"torch_version", "2.11.0"}};
const nlohmann::json kSupervisor = {{"kind", "writer"}, {"role", "supervisor"}};

struct Entry {
  nlohmann::json json;
  const nlohmann::json* writer = &kWorker;
};

Entry started(int attempt, const std::string& at, int resumed_from_step = 0) {
  return {{{"kind", "attempt_started"},
           {"attempt", attempt},
           {"at", at},
           {"group", "g"},
           {"host", "node1"},
           {"resumed_from_step", resumed_from_step}}};
}
Entry ended(int attempt,
            const std::string& at,
            const std::string& state,
            const std::string& failure = "",
            const nlohmann::json* writer = &kWorker) {
  return {{{"kind", "attempt_finished"},
           {"attempt", attempt},
           {"at", at},
           {"state", state},
           {"failure", failure}},
          writer};
}
Entry request(const std::string& kind, const std::string& at) {
  return {{{"kind", kind}, {"at", at}}};
}

TrialRecord fold(const std::vector<Entry>& entries) {
  TrialRecord trial;
  for (const Entry& entry : entries) trial.fold({entry.json, "segment", 0, *entry.writer});
  return trial;
}

// The outcome, after checking that every order of the records leads to it.
TrialRecord fold_in_every_order(const std::vector<Entry>& entries) {
  const TrialRecord expected = fold(entries);
  std::vector<std::size_t> order(entries.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    std::vector<Entry> permuted;
    for (const std::size_t i : order) permuted.push_back(entries[i]);
    EXPECT_EQ(fold(permuted), expected);
  } while (std::next_permutation(order.begin(), order.end()));
  return expected;
}

TEST(TrialRecord, without_records_is_pending) {
  EXPECT_EQ(TrialRecord{}.state(), TrialState::kPending);
  EXPECT_EQ(TrialRecord{}.highest_attempt(), 0);
}

TEST(TrialRecord, the_highest_attempt_decides) {
  const TrialRecord trial = fold_in_every_order({started(1, "01"),
                                                 ended(1, "02", "failed", "crash"),
                                                 started(2, "03"),
                                                 ended(2, "04", "done")});
  EXPECT_EQ(trial.state(), TrialState::kDone);
  EXPECT_EQ(trial.highest_attempt(), 2);
  EXPECT_EQ(trial.failures(), (std::map<FailureClass, int>{{FailureClass::kCrash, 1}}));
}

TEST(TrialRecord, a_late_end_of_a_superseded_attempt_changes_nothing) {
  const TrialRecord trial =
      fold_in_every_order({started(1, "01"), started(2, "02"), ended(1, "03", "done")});
  EXPECT_EQ(trial.state(), TrialState::kRunning);
}

TEST(TrialRecord, done_stays_done_when_the_supervisor_reports_a_crash_afterwards) {
  const TrialRecord trial = fold_in_every_order(
      {started(1, "01"), ended(1, "02", "done"), ended(1, "03", "failed", "crash", &kSupervisor)});
  EXPECT_EQ(trial.state(), TrialState::kDone);
  EXPECT_TRUE(trial.failures().empty());
}

TEST(TrialRecord, of_two_failures_the_workers_own_word_counts) {
  const TrialRecord trial = fold_in_every_order({started(1, "01"),
                                                 ended(1, "02", "failed", "crash", &kSupervisor),
                                                 ended(1, "03", "failed", "diverged")});
  EXPECT_EQ(trial.last_attempt()->failure, "diverged");
}

TEST(TrialRecord, a_retry_request_forgives_what_failed_before_it) {
  const TrialRecord trial = fold_in_every_order(
      {started(1, "01"), ended(1, "02", "failed", "oom"), request("retry_requested", "03")});
  EXPECT_EQ(trial.state(), TrialState::kPending);
  EXPECT_TRUE(trial.failures().empty());
}

TEST(TrialRecord, a_retry_request_forgives_nothing_that_fails_after_it) {
  const TrialRecord trial = fold_in_every_order({ended(1, "02", "failed", "oom"),
                                                 request("retry_requested", "03"),
                                                 started(2, "04"),
                                                 ended(2, "05", "failed", "oom")});
  EXPECT_EQ(trial.state(), TrialState::kFailed);
  EXPECT_EQ(trial.failures(), (std::map<FailureClass, int>{{FailureClass::kOom, 1}}));
}

TEST(TrialRecord, yielded_and_preempted_trials_wait_to_go_on) {
  EXPECT_EQ(fold({started(1, "01"), ended(1, "02", "yielded", "preempted")}).state(),
            TrialState::kPending);
  EXPECT_EQ(fold({started(1, "01"), ended(1, "02", "failed", "preempted")}).state(),
            TrialState::kPending);
  EXPECT_TRUE(fold({started(1, "01"), ended(1, "02", "yielded")}).failures().empty());
}

TEST(TrialRecord, cancelled_until_a_retry_is_requested) {
  const Entry cancel = request("cancel_requested", "03");
  const Entry failure = ended(1, "02", "failed", "oom");
  EXPECT_EQ(fold_in_every_order({cancel}).state(), TrialState::kCancelled);
  EXPECT_EQ(fold_in_every_order({failure, cancel}).state(), TrialState::kCancelled);
  EXPECT_EQ(fold_in_every_order({cancel, ended(1, "02", "done")}).state(), TrialState::kDone);
  EXPECT_EQ(fold_in_every_order({failure, cancel, request("retry_requested", "04")}).state(),
            TrialState::kPending);
}

TEST(TrialRecord, keeps_what_the_writers_and_the_metrics_say) {
  Entry metrics;
  metrics.json = {{"kind", "metrics"}, {"attempt", 1}, {"epoch", 3}, {"step", 30}};
  const TrialRecord trial = fold_in_every_order({started(1, "01", 20), metrics});
  const AttemptRecord& attempt = *trial.last_attempt();
  EXPECT_EQ(attempt.torch_version, "2.11.0");
  EXPECT_EQ(attempt.host, "node1");
  EXPECT_EQ(attempt.resumed_from_step, 20);
  EXPECT_EQ(attempt.epoch, 3);
  EXPECT_EQ(attempt.step, 30);
}

TEST(TrialRecord, passes_over_kinds_of_a_newer_headway) {
  TrialRecord trial;
  const nlohmann::json json = {{"kind", "unheard_of"}};
  EXPECT_FALSE(trial.fold({json, "segment", 0, kWorker}));
  EXPECT_EQ(trial, TrialRecord{});
}

TEST(TrialRecord, a_malformed_record_changes_nothing) {
  TrialRecord trial;
  const nlohmann::json json = {{"kind", "attempt_finished"}, {"attempt", 1}, {"state", 7}};
  EXPECT_THROW(trial.fold({json, "segment", 0, kWorker}), nlohmann::json::exception);
  EXPECT_EQ(trial, TrialRecord{});
}

TEST(Records, names_of_states_and_failures_are_read_back) {
  for (const FailureClass failure : {FailureClass::kNone,
                                     FailureClass::kOom,
                                     FailureClass::kDiverged,
                                     FailureClass::kCrash,
                                     FailureClass::kHung,
                                     FailureClass::kPreempted,
                                     FailureClass::kNodeFailure,
                                     FailureClass::kError}) {
    EXPECT_EQ(failure_class_from_string(to_string(failure)), failure);
  }
  EXPECT_EQ(trial_state_from_string("cancelled"), TrialState::kCancelled);
  EXPECT_THROW(trial_state_from_string("finished"), ConfigError);
}

}  // namespace
}  // namespace headway
