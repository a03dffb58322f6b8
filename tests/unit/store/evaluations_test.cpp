#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/sweep_layout.h"
#include "store/segments/record_framing.h"
#include "store/sql/results_store.h"
#include "unit/store/store_contents.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Evaluations, an_evaluation_stands_beside_what_training_recorded) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.75)});
  ResultsStore store(fixture.path());
  store.sync();
  fixture.write({fixture.evaluated(0, 1, "aa", 0.125)}, "command");
  store.sync();
  EXPECT_THAT(values_of(store, fixture.id(0)),
              ElementsAre(Pair("calibration:test/ece", 0.125), Pair("test/top1_accuracy", 0.75)));
  const auto rebuilt = ResultsStore::rebuild(fixture.path());
  EXPECT_THAT(values_of(rebuilt, fixture.id(0)),
              ElementsAre(Pair("calibration:test/ece", 0.125), Pair("test/top1_accuracy", 0.75)));
  EXPECT_EQ(count(rebuilt, "results WHERE missing_reason = 'a probability is 0'"), 1);
  EXPECT_EQ(count(rebuilt, "cells WHERE evaluation = 'calibration' AND name = 'ece' AND n = 1"), 1);
}

// A segment of an evaluation that its host's clock dates `at`.
void write_evaluated_at(const SweepFixture& fixture,
                        const std::string& at,
                        std::int64_t claim,
                        double ece) {
  nlohmann::json record = fixture.evaluated(0, 1, "aa", ece, "calibration", claim);
  record["at"] = at;
  std::ofstream(SweepLayout(fixture.path()).segments() / ("node-of-" + at + ".jsonl"))
      << frame_record(record.dump());
}

TEST(Evaluations, the_highest_claim_counts_whatever_the_clocks_say) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.75)});
  fixture.write({fixture.evaluated(0, 1, "aa", 0.3, "shift")});
  write_evaluated_at(fixture, "2031", 1, 0.1);
  ResultsStore store(fixture.path());
  store.sync();
  write_evaluated_at(fixture, "2030", 2, 0.2);
  store.sync();
  EXPECT_THAT(values_of(store, fixture.id(0)),
              ElementsAre(Pair("calibration:test/ece", 0.2),
                          Pair("shift:test/ece", 0.3),
                          Pair("test/top1_accuracy", 0.75)));
  write_evaluated_at(fixture, "2032", 1, 0.4);  // a late writer
  store.sync();
  EXPECT_EQ(values_of(store, fixture.id(0)).at("calibration:test/ece"), 0.2);
  EXPECT_EQ(count(store, "evaluations WHERE evaluation = 'calibration' AND claim = 2"), 1);
  EXPECT_THAT(differences_from_rebuilt(fixture, store), IsEmpty());
}

// Records of a headway that did not number claims.
TEST(Evaluations, of_equal_claims_the_later_one_counts) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.75)});
  write_evaluated_at(fixture, "2031", 0, 0.2);
  write_evaluated_at(fixture, "2030", 0, 0.1);
  ResultsStore store(fixture.path());
  store.sync();
  EXPECT_EQ(values_of(store, fixture.id(0)).at("calibration:test/ece"), 0.2);
}

TEST(Evaluations, an_evaluation_of_other_weights_than_the_final_ones_is_no_result) {
  const SweepFixture fixture;
  fixture.write({fixture.evaluated(0, 1, "zz", 0.1)});
  ResultsStore store(fixture.path());
  store.sync();
  EXPECT_EQ(count(store, "results"), 0);  // not even trained, as far as is known
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.75)});
  store.sync();
  EXPECT_THAT(values_of(store, fixture.id(0)), ElementsAre(Pair("test/top1_accuracy", 0.75)));
  EXPECT_EQ(count(store, "evaluations"), 1);
  // A record that calls itself training's is nobody's.
  fixture.write({fixture.evaluated(0, 1, "aa", 0.1, "training")});
  store.sync();
  EXPECT_THAT(values_of(store, fixture.id(0)), ElementsAre(Pair("test/top1_accuracy", 0.75)));
}

TEST(Evaluations, an_evaluation_counts_as_soon_as_its_weights_are_known_to_be_final) {
  const SweepFixture fixture;
  fixture.write({fixture.evaluated(0, 1, "aa", 0.1)});
  ResultsStore store(fixture.path());
  store.sync();
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.75)});
  store.sync();
  EXPECT_EQ(values_of(store, fixture.id(0)).at("calibration:test/ece"), 0.1);
  fixture.write({fixture.started(0, 2)});  // trained again: nothing is final
  store.sync();
  EXPECT_THAT(values_of(store, fixture.id(0)), IsEmpty());
  EXPECT_THAT(differences_from_rebuilt(fixture, store), IsEmpty());
}

}  // namespace
}  // namespace headway
