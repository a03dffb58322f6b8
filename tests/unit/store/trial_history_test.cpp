#include "store/segments/trial_history.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/errors.h"
#include "store/segments/record_json.h"
#include "support/trial_ids.h"

namespace headway {
namespace {

const TrialId kTrial = id_beginning("a");
const std::optional<WriterRecord> kWorker = WriterRecord{
    .role = "worker", .headway_version = "0.1.0", .git_revision = "abc", .torch_version = "2.11.0"};
const std::optional<WriterRecord> kSupervisor = WriterRecord{.role = "supervisor"};

struct Entry {
  nlohmann::json json;
  const std::optional<WriterRecord>* writer = &kWorker;
};

Entry started(int attempt, const std::string& at, int resumed_from_step = 0) {
  return {{{"kind", "attempt_started"},
           {"trial_id", kTrial},
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
            const std::optional<WriterRecord>* writer = &kWorker) {
  return {{{"kind", "attempt_finished"},
           {"trial_id", kTrial},
           {"attempt", attempt},
           {"at", at},
           {"state", state},
           {"failure", failure}},
          writer};
}
// As of a time when requests had no numbers.
Entry request(const std::string& kind, const std::string& at) {
  return {{{"kind", kind}, {"trial_id", kTrial}, {"at", at}}};
}
Entry cancel(int number, const std::string& at) {
  Entry entry = request("cancel_requested", at);
  entry.json["number"] = number;
  return entry;
}
Entry retry(int number, const std::string& at, int through_attempt) {
  Entry entry = request("retry_requested", at);
  entry.json["number"] = number;
  entry.json["through_attempt"] = through_attempt;
  return entry;
}

TrialHistory fold(const std::vector<Entry>& entries) {
  TrialHistory trial;
  for (const Entry& entry : entries) trial.fold({entry.json, "segment", 0, *entry.writer});
  return trial;
}

// The outcome, after checking that every order of the records leads to it.
TrialHistory fold_in_every_order(const std::vector<Entry>& entries) {
  const TrialHistory expected = fold(entries);
  std::vector<std::size_t> order(entries.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    std::vector<Entry> permuted;
    for (const std::size_t i : order) permuted.push_back(entries[i]);
    EXPECT_EQ(fold(permuted), expected);
  } while (std::next_permutation(order.begin(), order.end()));
  return expected;
}

Entry on_data(Entry entry, const std::string& hash) {
  entry.json["data_sha256"] = hash;
  entry.json["data_folder"] = "/data";
  return entry;
}

TEST(TrialHistory, an_open_trial_is_bound_to_the_data_that_it_began_on) {
  const TrialHistory trial = fold_in_every_order({on_data(started(1, "01"), "aaa"),
                                                  ended(1, "02", "yielded", "preempted"),
                                                  ended(2, "03", "failed", "crash")});
  ASSERT_NE(trial.bound_to_data(), nullptr);
  EXPECT_EQ(trial.bound_to_data()->data_sha256, "aaa");
  EXPECT_EQ(trial.bound_to_data()->data_folder, "/data");
}

TEST(TrialHistory, a_retry_frees_a_trial_of_its_data_unless_it_is_done) {
  const Entry retry = {
      {{"kind", "retry_requested"}, {"trial_id", kTrial}, {"at", "03"}, {"through_attempt", 1}}};
  const std::vector<Entry> taken_back{
      on_data(started(1, "01"), "aaa"), ended(1, "02", "yielded", "preempted"), retry};
  EXPECT_EQ(fold_in_every_order(taken_back).bound_to_data(), nullptr);
  std::vector<Entry> begun_anew = taken_back;
  begun_anew.push_back(on_data(started(2, "04"), "bbb"));
  EXPECT_EQ(fold_in_every_order(begun_anew).bound_to_data()->data_sha256, "bbb");
  const TrialHistory done = fold_in_every_order(
      {on_data(started(1, "01"), "aaa"), on_data(ended(1, "02", "done"), "aaa"), retry});
  EXPECT_EQ(done.bound_to_data()->data_sha256, "aaa");
}

TEST(TrialHistory, records_without_a_hash_bind_to_no_data) {
  EXPECT_EQ(fold({started(1, "01"), ended(1, "02", "done")}).bound_to_data(), nullptr);
  EXPECT_EQ(fold({on_data(started(1, "01"), "aaa"), started(2, "02"), ended(2, "03", "done")})
                .bound_to_data(),
            nullptr);
}

TEST(TrialHistory, without_records_is_pending) {
  EXPECT_EQ(TrialHistory{}.state(), TrialState::kPending);
  EXPECT_EQ(TrialHistory{}.highest_attempt(), 0);
}

TEST(TrialHistory, the_highest_attempt_decides) {
  const TrialHistory trial = fold_in_every_order({started(1, "01"),
                                                  ended(1, "02", "failed", "crash"),
                                                  started(2, "03"),
                                                  ended(2, "04", "done")});
  EXPECT_EQ(trial.state(), TrialState::kDone);
  EXPECT_EQ(trial.highest_attempt(), 2);
  EXPECT_EQ(trial.failures(), (std::map<FailureClass, int>{{FailureClass::kCrash, 1}}));
}

TEST(TrialHistory, a_late_end_of_a_superseded_attempt_changes_nothing) {
  const TrialHistory trial =
      fold_in_every_order({started(1, "01"), started(2, "02"), ended(1, "03", "done")});
  EXPECT_EQ(trial.state(), TrialState::kRunning);
}

// A worker that was frozen between its look at the claims and its last record.
TEST(TrialHistory, what_a_fenced_off_attempt_recorded_as_done_does_not_count) {
  const TrialHistory trial = fold_in_every_order({started(1, "01"),
                                                  ended(1, "02", "failed", "hung", &kSupervisor),
                                                  started(2, "03"),
                                                  ended(1, "04", "done"),
                                                  ended(2, "05", "done")});
  EXPECT_EQ(trial.state(), TrialState::kDone);
  EXPECT_EQ(trial.last_attempt()->finished_at, "05");
  EXPECT_EQ(trial.attempts.at(1).state, kSuperseded);
  EXPECT_TRUE(trial.failures().empty());
  EXPECT_EQ(fold_in_every_order({started(1, "01"),
                                 ended(1, "04", "done"),
                                 started(2, "03"),
                                 ended(2, "05", "failed", "crash")})
                .state(),
            TrialState::kFailed);
}

TEST(TrialHistory, done_stays_done_when_the_supervisor_reports_a_crash_afterwards) {
  const TrialHistory trial = fold_in_every_order(
      {started(1, "01"), ended(1, "02", "done"), ended(1, "03", "failed", "crash", &kSupervisor)});
  EXPECT_EQ(trial.state(), TrialState::kDone);
  EXPECT_TRUE(trial.failures().empty());
}

TEST(TrialHistory, of_two_failures_the_workers_own_word_counts) {
  const TrialHistory trial = fold_in_every_order({started(1, "01"),
                                                  ended(1, "02", "failed", "crash", &kSupervisor),
                                                  ended(1, "03", "failed", "diverged")});
  EXPECT_EQ(trial.last_attempt()->failure, "diverged");
}

TEST(TrialHistory, a_retry_request_forgives_what_failed_before_it) {
  const TrialHistory trial = fold_in_every_order(
      {started(1, "01"), ended(1, "02", "failed", "oom"), request("retry_requested", "03")});
  EXPECT_EQ(trial.state(), TrialState::kPending);
  EXPECT_TRUE(trial.failures().empty());
}

TEST(TrialHistory, a_retry_request_forgives_nothing_that_fails_after_it) {
  const TrialHistory trial = fold_in_every_order({ended(1, "02", "failed", "oom"),
                                                  request("retry_requested", "03"),
                                                  started(2, "04"),
                                                  ended(2, "05", "failed", "oom")});
  EXPECT_EQ(trial.state(), TrialState::kFailed);
  EXPECT_EQ(trial.failures(), (std::map<FailureClass, int>{{FailureClass::kOom, 1}}));
}

TEST(TrialHistory, yielded_and_preempted_trials_wait_to_go_on) {
  EXPECT_EQ(fold({started(1, "01"), ended(1, "02", "yielded", "preempted")}).state(),
            TrialState::kPending);
  EXPECT_EQ(fold({started(1, "01"), ended(1, "02", "failed", "preempted")}).state(),
            TrialState::kPending);
  EXPECT_TRUE(fold({started(1, "01"), ended(1, "02", "yielded")}).failures().empty());
}

TEST(TrialHistory, cancelled_until_a_retry_is_requested) {
  const Entry cancel = request("cancel_requested", "03");
  const Entry failure = ended(1, "02", "failed", "oom");
  EXPECT_EQ(fold_in_every_order({cancel}).state(), TrialState::kCancelled);
  EXPECT_EQ(fold_in_every_order({failure, cancel}).state(), TrialState::kCancelled);
  EXPECT_EQ(fold_in_every_order({cancel, ended(1, "02", "done")}).state(), TrialState::kDone);
  EXPECT_EQ(fold_in_every_order({failure, cancel, request("retry_requested", "04")}).state(),
            TrialState::kPending);
}

TEST(TrialHistory, of_requests_the_one_that_saw_the_other_counts_whatever_the_clocks_say) {
  const Entry failure = ended(1, "50", "failed", "oom");
  // By a host an hour behind.
  EXPECT_EQ(fold_in_every_order({failure, cancel(1, "60"), retry(2, "10", 1)}).state(),
            TrialState::kPending);
  EXPECT_EQ(fold_in_every_order({failure, retry(1, "60", 1), cancel(2, "10")}).state(),
            TrialState::kCancelled);
  EXPECT_EQ(fold_in_every_order({cancel(1, "60"), retry(2, "10", 0), cancel(3, "05")}).state(),
            TrialState::kCancelled);
  EXPECT_EQ(fold_in_every_order({failure, retry(1, "10", 1)}).state(), TrialState::kPending);
}

TEST(TrialHistory, of_requests_that_did_not_see_each_other_the_cancellation_counts) {
  EXPECT_EQ(fold_in_every_order({cancel(1, "10"), retry(1, "60", 0)}).state(),
            TrialState::kCancelled);
  EXPECT_EQ(fold_in_every_order({cancel(1, "60"), retry(1, "10", 0)}).state(),
            TrialState::kCancelled);
}

TEST(TrialHistory, numbered_requests_are_later_than_those_of_an_older_headway) {
  EXPECT_EQ(fold_in_every_order({request("cancel_requested", "60"), retry(1, "10", 0)}).state(),
            TrialState::kPending);
  EXPECT_EQ(fold_in_every_order({request("retry_requested", "60"), cancel(1, "10")}).state(),
            TrialState::kCancelled);
}

TEST(TrialHistory, of_two_retries_that_did_not_see_each_other_the_farther_one_counts) {
  EXPECT_EQ(fold_in_every_order({ended(1, "02", "failed", "oom"),
                                 ended(2, "03", "failed", "oom"),
                                 retry(1, "10", 2),
                                 retry(1, "60", 1)})
                .state(),
            TrialState::kPending);
}

TEST(TrialHistory, of_two_ends_of_one_attempt_none_is_chosen_by_its_time) {
  const auto message_of = [](const std::string& first, const std::string& second) {
    Entry one = ended(1, first, "failed", "crash", &kSupervisor);
    Entry two = ended(1, second, "failed", "hung", &kSupervisor);
    return fold_in_every_order({one, two}).last_attempt()->failure;
  };
  EXPECT_EQ(message_of("01", "02"), message_of("02", "01"));
}

TEST(TrialHistory, keeps_what_the_writers_and_the_metrics_say) {
  Entry metrics;
  metrics.json = {
      {"kind", "metrics"}, {"trial_id", kTrial}, {"attempt", 1}, {"epoch", 3}, {"step", 30}};
  const TrialHistory trial = fold_in_every_order({started(1, "01", 20), metrics});
  const AttemptRecord& attempt = *trial.last_attempt();
  EXPECT_EQ(attempt.torch_version, "2.11.0");
  EXPECT_EQ(attempt.host, "node1");
  EXPECT_EQ(attempt.resumed_from_step, 20);
  EXPECT_EQ(attempt.epoch, 3);
  EXPECT_EQ(attempt.step, 30);
}

TEST(TrialHistory, passes_over_kinds_of_a_newer_headway) {
  TrialHistory trial;
  const nlohmann::json json = {{"kind", "unheard_of"}};
  EXPECT_FALSE(trial.fold({json, "segment", 0, kWorker}));
  EXPECT_EQ(trial, TrialHistory{});
}

TEST(TrialHistory, evaluations_change_nothing_of_training) {
  TrialHistory trial;
  const Evaluated evaluated{.trial_id = kTrial, .evaluation = "calibration", .attempt = 1};
  EXPECT_FALSE(trial.fold({record_json(evaluated), "segment", 0, kWorker}));
  EXPECT_EQ(trial, TrialHistory{});
}

TEST(TrialHistory, a_malformed_record_changes_nothing) {
  TrialHistory trial;
  const nlohmann::json json = {{"kind", "attempt_finished"}, {"attempt", 1}, {"state", 7}};
  EXPECT_THROW(trial.fold({json, "segment", 0, kWorker}), nlohmann::json::exception);
  EXPECT_EQ(trial, TrialHistory{});
}

TEST(TrialStates, have_names_that_are_read_back) {
  EXPECT_EQ(trial_state_from_string("cancelled"), TrialState::kCancelled);
  EXPECT_THROW(trial_state_from_string("finished"), ConfigError);
}

}  // namespace
}  // namespace headway
