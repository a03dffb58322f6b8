#include "sweep/recorded_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::Not;

const DataIdentity kOther{"ff", "/other"};

class DataOfRecords : public testing::Test {
 protected:
  nlohmann::json began(std::size_t trial, const std::string& hash) const {
    nlohmann::json record = sweep_.started(trial, 1);
    record["data_sha256"] = hash;
    record["data_folder"] = "/data";
    return record;
  }
  std::string conflict(const DataIdentity& data, const std::string& dataset = "fashion_mnist") {
    state_.refresh();
    DatasetConfig config = trials_.front().config().dataset;
    config.name = dataset;
    return RecordedData(sweep_.path(), trials_).conflict(config, data, state_).value_or("");
  }

  SweepFixture sweep_;
  std::vector<PlannedTrial> trials_ = read_manifest(sweep_.path()).trials;
  SweepState state_{sweep_.path()};
};

TEST_F(DataOfRecords, fit_as_long_as_they_are_the_same) {
  EXPECT_EQ(conflict(kOther), "");
  sweep_.write({began(0, "ee"), sweep_.done(0, 1, 0.5), began(1, "ee")});
  EXPECT_EQ(conflict({"ee", "/elsewhere"}), "");
}

TEST_F(DataOfRecords, that_are_others_are_named_with_their_places_and_the_way_out) {
  sweep_.write({began(0, "ee"), sweep_.done(0, 1, 0.5), began(1, "ee")});
  const std::string message = conflict(kOther);
  EXPECT_THAT(message, HasSubstr("data set 'fashion_mnist' has SHA-256 ff in '/other'"));
  EXPECT_THAT(message, HasSubstr("trial " + sweep_.id(0).text() + " and 1 more"));
  EXPECT_THAT(message, HasSubstr("trained on SHA-256 ee in '/data'"));
  EXPECT_THAT(message, HasSubstr("name=NAME"));
  EXPECT_THAT(message, Not(HasSubstr("headway retry")));  // would not help: one is done
}

TEST_F(DataOfRecords, of_trials_that_are_not_done_can_be_given_up) {
  sweep_.write({began(1, "ee")});
  EXPECT_THAT(
      conflict(kOther),
      HasSubstr("headway retry " + sweep_.path().string() + " " + sweep_.id(1).text() + "`"));
  sweep_.write({sweep_.retry(1, 1)}, "command");
  EXPECT_EQ(conflict(kOther), "");
}

TEST_F(DataOfRecords, are_those_of_one_data_set) {
  sweep_.write({began(0, "ee")});
  EXPECT_EQ(conflict(kOther, "cifar10"), "");
}

TEST_F(DataOfRecords, of_version_0_1_0_fit_any) {
  sweep_.write({sweep_.started(0, 1), sweep_.started(1, 1)});
  EXPECT_EQ(conflict(kOther), "");
  std::ostringstream notes;
  expect_recorded_data(sweep_.path(), trials_, notes);  // loads nothing
  EXPECT_EQ(notes.str(), "");
}

}  // namespace
}  // namespace headway
