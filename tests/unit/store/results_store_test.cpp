#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>

#include <fstream>
#include <random>

#include "base/errors.h"
#include "store/sql/queries.h"
#include "store/sql/results_store.h"
#include "store/sql/sqlite_dialect.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"
#include "unit/store/store_contents.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<double> validation_values(const ResultsStore& store, const std::string& trial) {
  std::vector<double> values;
  for (const MetricRow& row : trial_metrics(store, trial)) {
    if (row.name == "top1_accuracy") values.push_back(*row.value);
  }
  return values;
}

TEST(ResultsStore, holds_pending_trials_before_anything_ran) {
  const SweepFixture fixture;
  ResultsStore store(fixture.path());
  store.sync();
  EXPECT_EQ(count(store, "trials"), 6);
  const TrialRow row = trial_details(store, fixture.id(4)).trial;
  EXPECT_EQ(row.trial_id, fixture.id(4));
  EXPECT_EQ(row.plan_position, 4);
  EXPECT_EQ(row.state, "pending");
  EXPECT_EQ(row.sweep, "heads");
  EXPECT_EQ(row.seed, 1);
  EXPECT_EQ(row.attempts, 0);
}

TEST(ResultsStore, describes_a_finished_trial_in_full) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.metrics(0, 1, 1, 0.5), fixture.done(0, 1, 0.75)});
  ResultsStore store(fixture.path());
  store.sync();
  const TrialDetails details = trial_details(store, fixture.id(0).text().substr(0, 8));
  EXPECT_EQ(details.trial.state, "done");
  EXPECT_EQ(details.trial.world_size, 2);
  EXPECT_EQ(details.trial.host, "node1");
  EXPECT_EQ(details.trial.torch_version, "2.11.0");
  EXPECT_EQ(details.trial.weights_sha256, "aa");
  EXPECT_EQ(details.trial.class_vectors_sha256, "dd");
  EXPECT_EQ(details.trial.data_sha256, "ee");
  EXPECT_EQ(details.trial.duration_s, 12.5);
  EXPECT_EQ(details.trial.failure, "");
  ASSERT_EQ(details.attempts.size(), 1);
  EXPECT_EQ(details.attempts[0].worker_group, "g1");
  EXPECT_EQ(details.attempts[0].step, 10);
  ASSERT_EQ(details.results.size(), 2);
  EXPECT_EQ(details.results[0].name, "nc1_pinv");
  EXPECT_EQ(details.results[0].value, std::nullopt);
  EXPECT_EQ(details.results[0].missing_reason, "one class has a single sample");
  EXPECT_EQ(details.results[1].value, 0.75);
  const auto metrics = trial_metrics(store, fixture.id(0));
  ASSERT_EQ(metrics.size(), 2);
  EXPECT_EQ(metrics[0].name, "loss");
  EXPECT_EQ(metrics[0].value, std::nullopt);
  EXPECT_EQ(metrics[1].value, 0.5);
}

TEST(ResultsStore, a_failed_trial_carries_its_class_and_message_and_counts_time_of_all_attempts) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1),
                 fixture.failed(0, 1, "oom"),
                 fixture.started(0, 2),
                 fixture.failed(0, 2, "oom")});
  ResultsStore store(fixture.path());
  store.sync();
  const TrialRow row = trial_details(store, fixture.id(0)).trial;
  EXPECT_EQ(row.state, "failed");
  EXPECT_EQ(row.failure, "oom");
  EXPECT_EQ(row.message, "it broke");
  EXPECT_EQ(row.attempts, 2);
  EXPECT_EQ(row.duration_s, 4.0);
}

TEST(ResultsStore, built_step_by_step_equals_built_at_once) {
  const SweepFixture fixture;
  ResultsStore store(fixture.path());
  SegmentWriter worker(fixture.path(), "worker");
  SegmentWriter supervisor(fixture.path(), "supervisor");
  const std::vector<nlohmann::json> records = {fixture.started(0, 1),
                                               fixture.metrics(0, 1, 1, 0.1),
                                               fixture.metrics(0, 1, 2, 0.2),
                                               fixture.failed(0, 1, "oom"),
                                               fixture.started(1, 1),
                                               fixture.started(0, 2, 10),
                                               fixture.done(1, 1, 0.9),
                                               fixture.metrics(0, 2, 2, 0.3),
                                               fixture.retry(0, 1),
                                               fixture.done(0, 2, 0.8),
                                               fixture.started(2, 1),
                                               fixture.started(1, 2)};
  for (std::size_t i = 0; i < records.size(); ++i) {
    (i % 3 == 0 ? supervisor : worker).append(records[i], Flush::kLater);
    store.sync();
    EXPECT_THAT(differences_from_rebuilt(fixture, store), IsEmpty()) << "after record " << i;
  }
  EXPECT_TRUE(store.is_current());
}

TEST(ResultsStore, rows_of_a_superseded_attempt_are_dropped_up_to_where_the_next_resumed) {
  const SweepFixture fixture;
  ResultsStore store(fixture.path());
  fixture.write({fixture.started(0, 1),
                 fixture.metrics(0, 1, 1, 0.1),
                 fixture.metrics(0, 1, 2, 0.2),
                 fixture.metrics(0, 1, 3, 0.3)});
  store.sync();
  EXPECT_THAT(validation_values(store, fixture.id(0)), ElementsAre(0.1, 0.2, 0.3));
  // Step 20 is the end of epoch 2: the first two epochs are this attempt's own past.
  fixture.write({fixture.started(0, 2, 20), fixture.metrics(0, 2, 3, 0.4)});
  store.sync();
  EXPECT_THAT(validation_values(store, fixture.id(0)), ElementsAre(0.1, 0.2, 0.4));
  fixture.write({fixture.started(0, 3, 0), fixture.metrics(0, 3, 1, 0.5)});
  store.sync();
  EXPECT_THAT(validation_values(store, fixture.id(0)), ElementsAre(0.5));
}

// Read at once, or in any order of the writers: the store is the same.
TEST(ResultsStore, what_a_fenced_off_attempt_wrote_too_late_does_not_count) {
  std::vector<std::vector<nlohmann::json>> writers(3);
  const SweepFixture fixture;
  writers[0] = {fixture.started(0, 1), fixture.metrics(0, 1, 1, 0.1), fixture.done(0, 1, 0.2)};
  writers[1] = {fixture.failed(0, 1, "hung")};
  writers[2] = {fixture.started(0, 2), fixture.metrics(0, 2, 1, 0.7), fixture.done(0, 2, 0.8)};
  std::vector<std::size_t> order{0, 1, 2};
  do {
    const SweepFixture one;
    ResultsStore store(one.path());
    for (const std::size_t writer : order) {
      one.write(writers[writer], writer == 1 ? "supervisor" : "worker");
      store.sync();
    }
    const TrialDetails details = trial_details(store, one.id(0));
    EXPECT_EQ(details.trial.state, "done");
    EXPECT_EQ(details.attempts[0].state, kSuperseded);
    EXPECT_EQ(details.attempts[1].state, "done");
    for (const ResultRow& row : details.results) {
      if (row.name == "top1_accuracy") {
        EXPECT_EQ(row.value, 0.8);
      }
    }
    EXPECT_THAT(validation_values(store, one.id(0)), ElementsAre(0.7));
  } while (std::ranges::next_permutation(order).found);
}

TEST(ResultsStore, an_epoch_that_a_resumed_attempt_records_again_stands_once) {
  const SweepFixture fixture;
  ResultsStore store(fixture.path());
  fixture.write({fixture.started(0, 1), fixture.metrics(0, 1, 1, 0.1)});
  fixture.write(
      {fixture.started(0, 2, 10), fixture.metrics(0, 2, 1, 0.1), fixture.metrics(0, 2, 2, 0.2)});
  store.sync();
  EXPECT_THAT(validation_values(store, fixture.id(0)), ElementsAre(0.1, 0.2));
}

// Were each row compared with all of the later attempt, this would take minutes.
TEST(ResultsStore, a_long_trial_that_went_on_is_read_in_a_moment) {
  constexpr int kEpochs = 20'000;
  const SweepFixture fixture;
  std::vector<nlohmann::json> first{fixture.started(0, 1)};
  std::vector<nlohmann::json> second{fixture.started(0, 2, 10 * kEpochs)};
  for (int epoch = 1; epoch <= kEpochs; ++epoch) {
    first.push_back(fixture.metrics(0, 1, epoch, 0.1));
    second.push_back(fixture.metrics(0, 2, epoch, 0.2));
  }
  fixture.write(first);
  fixture.write(second);
  ResultsStore store(fixture.path());
  store.sync();
  const auto values = validation_values(store, fixture.id(0));
  EXPECT_EQ(values.size(), kEpochs);
  EXPECT_THAT(values, Each(0.2));
}

TEST(ResultsStore, results_of_an_attempt_that_was_superseded_are_gone) {
  const SweepFixture fixture;
  ResultsStore store(fixture.path());
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  store.sync();
  EXPECT_EQ(trial_details(store, fixture.id(0)).results.size(), 2);
  fixture.write({fixture.started(0, 2)});
  store.sync();
  EXPECT_THAT(trial_details(store, fixture.id(0)).results, IsEmpty());
  EXPECT_EQ(trial_details(store, fixture.id(0)).trial.state, "running");
}

TEST(ResultsStore, trials_that_vanish_from_the_plan_stay_but_are_not_counted) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  ResultsStore store(fixture.path());
  store.sync();
  Sweep shorter = fixture.sweep;
  shorter.trials.erase(shorter.trials.begin());
  write_manifest(fixture.path(), shorter);
  store.sync();
  EXPECT_EQ(count(store, "trials"), 6);
  EXPECT_EQ(count(store, "trials WHERE plan_position IS NOT NULL"), 5);
  EXPECT_FALSE(trial_details(store, fixture.id(0)).trial.in_plan());
  EXPECT_EQ(trial_details(store, fixture.id(0)).trial.state, "done");
  EXPECT_THAT(differences_from_rebuilt(fixture, store), IsEmpty());
}

TEST(ResultsStore, the_view_of_cells_agrees_with_values_computed_by_hand) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1),
                 fixture.done(0, 1, 0.90),
                 fixture.started(1, 1),
                 fixture.done(1, 1, 0.94)});
  ResultsStore store(fixture.path());
  store.sync();
  double mean = 0;
  double std = 0;
  double least = 0;
  double most = 0;
  int n = 0;
  int missing = 0;
  store.query([&](soci::session& sql) {
    sql << "SELECT n, mean, std, min, max, n_missing FROM cells WHERE split = 'test' "
           "AND name = 'top1_accuracy' AND cell_id = :cell",
        soci::into(n), soci::into(mean), soci::into(std), soci::into(least), soci::into(most),
        soci::into(missing), soci::use(fixture.sweep.trials[0].cell_id.text());
  });
  EXPECT_EQ(n, 2);
  EXPECT_EQ(missing, 1);  // the third seed is pending
  EXPECT_NEAR(mean, 0.92, 1e-15);
  EXPECT_NEAR(std, 0.028284271247461901, 1e-15);  // sqrt(2 * 0.02^2 / (2 - 1))
  EXPECT_EQ(least, 0.90);
  EXPECT_EQ(most, 0.94);
}

TEST(ResultsStore, equal_values_are_their_own_mean_in_the_view_of_cells) {
  const SweepFixture fixture;
  for (const std::size_t trial : {0U, 1U, 2U}) {
    fixture.write({fixture.started(trial, 1), fixture.done(trial, 1, 0.1)});
  }
  ResultsStore store(fixture.path());
  store.sync();
  double mean = 0;
  double std = 1;
  store.query([&](soci::session& sql) {
    sql << "SELECT mean, std FROM cells WHERE split = 'test' AND name = 'top1_accuracy'",
        soci::into(mean), soci::into(std);
  });
  EXPECT_EQ(mean, 0.1);
  EXPECT_EQ(std, 0.0);
}

TEST(ResultsStore, refuses_what_was_edited_beside_a_configuration_and_names_the_list) {
  Sweep plan = make_sweep();
  const SweepFixture fixture(plan);
  plan.trials.pop_back();
  write_manifest(fixture.path(), plan);
  ResultsStore store(fixture.path());
  store.sync();
  const SweepLayout layout(fixture.path());
  for (const auto& list : {layout.trials_file(), layout.vanished_trials_file()}) {
    const std::string sound = text_of(list);
    for (const std::string key : {R"("seed":)", R"("cell_id":")"}) {
      std::string text = sound;
      char& value = text[text.find(key) + key.size()];
      value = value == '9' ? '8' : '9';
      std::ofstream(list) << text;
      try {
        store.sync();
        ADD_FAILURE() << key << " of " << list << " was taken in";
      } catch (const StoreError& error) {
        EXPECT_THAT(error.what(), HasSubstr("in " + list.string() + " does not fit its ids"));
      }
      EXPECT_THROW(ResultsStore::rebuild(fixture.path()), StoreError);
    }
    std::ofstream(list) << sound;
    store.sync();
  }
}

TEST(ResultsStore, follows_a_plan_whose_data_set_moved) {
  const SweepFixture fixture(make_sweep(1));
  ResultsStore store(fixture.path());
  store.sync();
  Sweep moved = fixture.sweep;
  for (Trial& trial : moved.trials) trial.config.dataset.root = "/elsewhere";
  const ManifestChange change = write_manifest(fixture.path(), moved);
  EXPECT_EQ(change.unchanged, 2);  // where files are is no part of an id
  store.sync();
  int count = 0;
  store.query([&](soci::session& sql) {
    sql << "SELECT count(*) FROM parameters WHERE key = 'dataset.root' AND value = '/elsewhere'",
        soci::into(count);
  });
  EXPECT_EQ(count, 2);
  EXPECT_THAT(differences_from_rebuilt(fixture, store), IsEmpty());
}

TEST(ResultsStore, a_damaged_record_is_told_and_the_others_are_kept) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.metrics(0, 1, 1, 0.1), fixture.done(0, 1, 0.5)});
  const auto segment = segment_paths(fixture.path()).front();
  std::string text = text_of(segment);
  text[text.find("\"metrics\"") + 2] ^= 1;
  std::ofstream(segment, std::ios::binary) << text;
  ResultsStore store(fixture.path());
  store.sync();
  ASSERT_EQ(store.damage().size(), 1);
  EXPECT_EQ(store.damage()[0].segment, segment.filename());
  EXPECT_EQ(trial_details(store, fixture.id(0)).trial.state, "done");
}

TEST(ResultsStore, a_record_of_what_is_no_trial_is_damage_and_makes_no_row) {
  const SweepFixture fixture;
  nlohmann::json record = fixture.done(1, 1, 0.5);
  for (const char* id : {"../../../victim", "t", "\x1b[2J"}) {
    record["trial_id"] = id;
    fixture.write({record});
  }
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  ResultsStore store(fixture.path());
  store.sync();
  ASSERT_EQ(store.damage().size(), 3);
  for (const SegmentDamage& one : store.damage()) {
    EXPECT_THAT(one.reason, HasSubstr("is no trial id"));
    EXPECT_EQ(one.reason.find('\x1b'), std::string::npos);
  }
  EXPECT_EQ(count(store, "trials"), 6);
  EXPECT_EQ(trial_details(store, fixture.id(0)).trial.state, "done");
}

TEST(ResultsStore, starts_anew_when_segments_were_taken_away) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  ResultsStore store(fixture.path());
  store.sync();
  std::filesystem::remove(segment_paths(fixture.path()).front());
  store.sync();
  EXPECT_EQ(trial_details(store, fixture.id(0)).trial.state, "pending");
  EXPECT_THAT(differences_from_rebuilt(fixture, store), IsEmpty());
}

// Every process writes one segment; a reader may meet the segments in any order.
TEST(ResultsStore, is_the_same_whatever_the_order_in_which_segments_are_read) {
  const SweepFixture fixture;
  const std::vector<std::vector<nlohmann::json>> writers = {
      {fixture.started(0, 1), fixture.metrics(0, 1, 1, 0.1), fixture.metrics(0, 1, 2, 0.2)},
      {fixture.failed(0, 1, "crash"), fixture.retry(0, 1)},
      {fixture.started(0, 2, 10), fixture.metrics(0, 2, 2, 0.3), fixture.done(0, 2, 0.8)},
      {fixture.evaluated(0, 2, "aa", 0.1), fixture.evaluated(0, 2, "zz", 0.4)},
      {fixture.evaluated(0, 2, "aa", 0.2), fixture.evaluated(1, 1, "aa", 0.3)},
      {fixture.started(1, 1), fixture.done(1, 1, 0.9), fixture.failed(1, 1, "hung")}};
  for (const auto& records : writers) fixture.write(records);
  ResultsStore(fixture.path()).sync();
  const auto expected = fixture.path() / "results.sqlite";
  std::vector<std::filesystem::path> segments = segment_paths(fixture.path());
  std::sort(segments.begin(), segments.end());
  std::mt19937 random(1);
  for (int trial = 0; trial < 12; ++trial) {
    std::shuffle(segments.begin(), segments.end(), random);
    const SweepFixture other;
    const auto folder = SweepLayout(other.path()).segments();
    std::filesystem::create_directories(folder);
    ResultsStore store(other.path());
    for (const auto& segment : segments) {
      std::filesystem::copy_file(segment, folder / segment.filename());
      store.sync();
    }
    store.query([&](soci::session& sql) {
      const auto same = SqliteDialect(expected).open();
      EXPECT_THAT(sqlite_differences(sql, *same, PublicRows::tables()), IsEmpty());
    });
  }
}

class SharedSqlite : public SqliteDialect {
 public:
  using SqliteDialect::SqliteDialect;
  bool holds_many_sweeps() const override { return true; }
};

TEST(ResultsStore, one_database_holds_many_sweeps) {
  const SweepFixture one;
  Sweep other_sweep = make_sweep();  // the same trials under another name
  other_sweep.name = SweepName("other");
  const SweepFixture other(other_sweep);
  one.write({one.started(0, 1), one.metrics(0, 1, 1, 0.1), one.done(0, 1, 0.5)});
  other.write({other.started(0, 1), other.metrics(0, 1, 1, 0.2), other.done(0, 1, 0.7)});
  const auto shared = one.path() / "shared.sqlite";
  ResultsStore first(one.path(), std::make_shared<SharedSqlite>(shared));
  ResultsStore second(other.path(), std::make_shared<SharedSqlite>(shared));
  first.sync();
  second.sync();
  EXPECT_TRUE(first.is_current());
  EXPECT_EQ(count(first, "trials"), 12);
  EXPECT_EQ(values_of(first, one.id(0)).at("test/top1_accuracy"), 0.5);
  EXPECT_EQ(values_of(second, one.id(0)).at("test/top1_accuracy"), 0.7);
  EXPECT_THAT(validation_values(second, one.id(0)), ElementsAre(0.2));
  std::filesystem::remove_all(SweepLayout(one.path()).segments());
  first.sync();  // its records are gone; the other sweep's rows stay
  EXPECT_EQ(trial_details(first, one.id(0)).trial.state, "pending");
  EXPECT_EQ(trial_details(second, one.id(0)).trial.state, "done");
}

TEST(ResultsStore, forgets_the_sweep_that_its_folder_is_a_copy_of) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  ResultsStore(fixture.path()).sync();
  const TemporaryDirectory elsewhere;
  const auto copy = elsewhere.path() / "copy";
  std::filesystem::copy(fixture.path(), copy, std::filesystem::copy_options::recursive);
  Sweep renamed = fixture.sweep;
  renamed.name = SweepName("copy");
  write_manifest(copy, renamed);
  ResultsStore store(copy);
  store.sync();
  EXPECT_EQ(trial_details(store, fixture.id(0)).trial.sweep, "copy");
  store.query([](soci::session& sql) {
    int others = -1;
    sql << "SELECT count(*) FROM trials WHERE sweep <> 'copy'", soci::into(others);
    EXPECT_EQ(others, 0);
  });
}

TEST(ResultsStore, follows_a_sweep_that_was_renamed) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  ResultsStore(fixture.path()).sync();
  Sweep renamed = fixture.sweep;
  renamed.name = SweepName("renamed");
  write_manifest(fixture.path(), renamed);
  ResultsStore store(fixture.path());
  store.sync();
  EXPECT_EQ(trial_details(store, fixture.id(0)).trial.sweep, "renamed");
  EXPECT_THAT(differences_from_rebuilt(fixture, store), IsEmpty());
}

TEST(ResultsStore, is_filled_anew_when_it_was_filled_by_one_that_could_read_fewer_records) {
  const SweepFixture fixture;
  fixture.write(
      {fixture.started(0, 1), fixture.done(0, 1, 0.75), fixture.evaluated(0, 1, "aa", 0.1)});
  ResultsStore store(fixture.path());
  store.sync();
  store.query([](soci::session& sql) {
    sql << "DELETE FROM results WHERE evaluation = 'calibration'";
    sql << "UPDATE store_state SET value = '1: writer' WHERE key = 'readable_records'";
  });
  store.sync();
  EXPECT_EQ(values_of(store, fixture.id(0)).at("calibration:test/ece"), 0.1);
}

}  // namespace
}  // namespace headway
