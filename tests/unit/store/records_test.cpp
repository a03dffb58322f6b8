#include "store/segments/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "base/failure.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/record_framing.h"
#include "store/segments/record_json.h"
#include "support/text_of.h"
#include "support/trial_ids.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const TrialId kTrial = id_beginning("a");

// The record as it would be written again.
template <typename... Records>
nlohmann::json written_again(const nlohmann::json& json, RecordList<Records...>) {
  nlohmann::json again;
  const std::string kind = json.at("kind");
  const auto read_and_write = [&]<typename Record>(const Record*) {
    if (kind == Record::kKind) again = record_json(read_record<Record>(json));
  };
  (read_and_write(static_cast<const Records*>(nullptr)), ...);
  again["at"] = json.at("at");
  return again;
}

// A folder that version 0.1.0 wrote.
TEST(Records, are_written_as_earlier_versions_wrote_them) {
  int records = 0;
  SegmentReader reader(HEADWAY_KEPT_SWEEP);
  reader.poll([&](const SegmentRecord& record) {
    nlohmann::json again = written_again(record.json, RecordKinds{});
    if (record.kind() == WriterRecord::kKind) again.erase("record_version");
    EXPECT_EQ(again.dump(), record.json.dump());
    ++records;
  });
  EXPECT_GT(records, 20);
  EXPECT_THAT(reader.damage(), IsEmpty());
  EXPECT_THAT(reader.passed_over(), IsEmpty());
}

TEST(Records, of_evaluations_have_their_documented_keys) {
  const Evaluated evaluated{.trial_id = kTrial,
                            .evaluation = "calibration",
                            .attempt = 2,
                            .weights_sha256 = "aa",
                            .duration_s = 1.5,
                            .results = {{"test", {{"ece", 0.25}, {"nll", std::nullopt}}}},
                            .missing = {{"test", {{"nll", "why"}}}}};
  EXPECT_EQ(record_json(evaluated),
            nlohmann::json::parse(
                R"({"kind":"evaluated","trial_id":"a00000000000","evaluation":"calibration",
              "attempt":2,"weights_sha256":"aa","claim":0,"duration_s":1.5,
              "results":{"test":{"ece":0.25,"nll":null}},"missing":{"test":{"nll":"why"}}})"));
  EXPECT_EQ(record_json(EvaluationFailed{.trial_id = kTrial,
                                         .evaluation = "calibration",
                                         .claim = 1,
                                         .failure = "error",
                                         .message = "no data"}),
            nlohmann::json::parse(R"({"kind":"evaluation_failed","trial_id":"a00000000000",
              "evaluation":"calibration","claim":1,"failure":"error","message":"no data"})"));
}

TEST(Records, a_number_that_is_not_finite_is_null) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const EpochMetrics metrics{.position = {.attempt = 1}, .values = {{"test", {{"loss", nan}}}}};
  const nlohmann::json json = record_json(metrics);
  EXPECT_TRUE(json.at("values").at("test").at("loss").is_null());
  EXPECT_EQ(read_record<EpochMetrics>(json).values.at("test").at("loss"), std::nullopt);
}

TEST(Records, without_what_makes_them_one_are_refused) {
  const nlohmann::json whole = record_json(Evaluated{.trial_id = kTrial, .evaluation = "e"});
  for (const char* key : {"trial_id", "evaluation", "attempt", "weights_sha256", "results"}) {
    nlohmann::json part = whole;
    part.erase(key);
    EXPECT_THROW(read_record<Evaluated>(part), nlohmann::json::exception) << key;
  }
  nlohmann::json wrong = whole;
  wrong["results"] = 3;
  EXPECT_THROW(read_record<Evaluated>(wrong), nlohmann::json::exception);
}

TEST(Records, tell_of_no_more_threads_than_a_sweep_may_ask_for) {
  const auto threads = [](const nlohmann::json& number) {
    nlohmann::json json = record_json(AttemptStarted{.trial_id = kTrial, .attempt = 1});
    json["threads_per_rank"] = number;
    return read_record<AttemptStarted>(json).threads_per_rank;
  };
  EXPECT_EQ(threads(1), 1);
  EXPECT_EQ(threads(1024), 1024);
  EXPECT_EQ(threads(nullptr), std::nullopt);
  for (const int number : {-1, 0, 1025, 1'000'000'000}) {
    EXPECT_THROW(threads(number), nlohmann::json::exception) << number;
    nlohmann::json evaluated = record_json(Evaluated{.trial_id = kTrial, .attempt = 1});
    evaluated["threads_per_rank"] = number;
    EXPECT_THROW(read_record<Evaluated>(evaluated), nlohmann::json::exception) << number;
  }
}

TEST(Records, tell_of_no_more_ranks_than_a_group_may_have) {
  const auto ranks = [](const nlohmann::json& number) {
    nlohmann::json json = record_json(AttemptStarted{.trial_id = kTrial, .attempt = 1});
    json["world_size"] = number;
    return read_record<AttemptStarted>(json).world_size;
  };
  EXPECT_EQ(ranks(1), 1);
  EXPECT_EQ(ranks(1024), 1024);
  EXPECT_EQ(ranks(nullptr), std::nullopt);
  for (const int number : {-1, 0, 1025, 1'000'000'000}) {
    EXPECT_THROW(ranks(number), nlohmann::json::exception) << number;
    nlohmann::json finished = record_json(AttemptFinished{.trial_id = kTrial, .attempt = 1});
    finished["world_size"] = number;
    EXPECT_THROW(read_record<AttemptFinished>(finished), nlohmann::json::exception) << number;
  }
}

// Segments as another version would write them: same records, another `writer`.
class RecordVersions : public ::testing::Test {
 protected:
  void write_segment(std::optional<std::int64_t> version, std::size_t trial) {
    fixture_.write({fixture_.started(trial, 1), fixture_.done(trial, 1, 0.5)});
    for (const auto& path : segment_paths(fixture_.path())) {
      if (path.filename().string().starts_with("as-")) continue;
      std::string text = text_of(path);
      const Frame frame = read_frame(text);
      nlohmann::json writer = nlohmann::json::parse(frame.json);
      writer.erase("record_version");
      if (version) writer["record_version"] = *version;
      text.replace(0, frame.bytes, frame_record(writer.dump()));
      std::filesystem::remove(path);
      std::ofstream(path.parent_path() / ("as-" + path.filename().string())) << text;
    }
  }
  TrialState state(std::size_t trial) const {
    SweepState state(fixture_.path());
    state.refresh();
    return state.trial(fixture_.id(trial)).state();
  }

  SweepFixture fixture_;
};

TEST_F(RecordVersions, a_segment_that_does_not_say_is_of_version_1) {
  write_segment(std::nullopt, 0);
  write_segment(1, 1);
  EXPECT_EQ(state(0), TrialState::kDone);
  EXPECT_EQ(state(1), TrialState::kDone);
}

TEST_F(RecordVersions, a_segment_of_a_newer_version_is_passed_over_and_told) {
  write_segment(kRecordVersion + 1, 0);
  write_segment(kRecordVersion, 1);
  EXPECT_EQ(state(0), TrialState::kPending);
  EXPECT_EQ(state(1), TrialState::kDone);
  SegmentReader reader(fixture_.path());
  int records = 0;
  reader.poll([&](const SegmentRecord&) { ++records; });
  EXPECT_EQ(records, 3);
  ASSERT_EQ(reader.passed_over().size(), 1);
  EXPECT_EQ(reader.passed_over()[0].records, 3);
  EXPECT_THAT(reader.passed_over()[0].what, HasSubstr("they are of version 2"));
  EXPECT_THAT(reader.damage(), IsEmpty());
}

TEST_F(RecordVersions, a_kind_that_is_not_known_is_told) {
  SegmentWriter writer(fixture_.path(), "worker");
  writer.append({{"kind", "praised"}, {"trial_id", fixture_.id(0)}}, Flush::kLater);
  writer.append({{"kind", "praised"}, {"trial_id", fixture_.id(0)}}, Flush::kLater);
  SegmentReader reader(fixture_.path());
  reader.poll([](const SegmentRecord&) {});
  ASSERT_EQ(reader.passed_over().size(), 1);
  EXPECT_EQ(reader.passed_over()[0].what, "records of kind 'praised'");
  EXPECT_EQ(reader.passed_over()[0].records, 2);
  EXPECT_EQ(state(0), TrialState::kPending);
}

TEST(Records, of_what_is_no_trial_are_no_trials) {
  const SweepFixture fixture;
  nlohmann::json record = fixture.done(0, 1, 0.5);
  record["trial_id"] = fixture.id(0).text() + "/..";
  fixture.write({record});
  SweepState state(fixture.path());
  state.refresh();
  EXPECT_THAT(state.trials(), IsEmpty());
}

TEST(Failures, have_names_that_are_read_back) {
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
  EXPECT_EQ(failure_class_from_string("a newer one"), FailureClass::kError);
}

}  // namespace
}  // namespace headway
