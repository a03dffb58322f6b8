#include "store/tables/exporters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/errors.h"
#include "config/schema/leaves.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::string exported(const SweepFixture& fixture, ExportKind kind, const ExportOptions& options) {
  ResultsStore store(fixture.path());
  store.sync();
  std::ostringstream out;
  export_rows(store, kind, options, out);
  return out.str();
}

TEST(Exporters, csv_has_a_header_full_numbers_and_empty_fields_for_what_is_absent) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.metrics(0, 1, 1, 0.1 + 0.2)});
  EXPECT_EQ(exported(fixture, ExportKind::kMetrics, {}),
            "trial_id,attempt,epoch,step,split,name,value\n" + fixture.id(0) +
                ",1,1,10,validation,loss,\n" + fixture.id(0) +
                ",1,1,10,validation,top1_accuracy,0.30000000000000004\n");
}

TEST(Exporters, json_lines_and_json_hold_the_same_rows) {
  const SweepFixture fixture;
  fixture.write({fixture.started(1, 1), fixture.done(1, 1, 0.75)});
  const std::string lines =
      exported(fixture, ExportKind::kResults, {.format = ExportFormat::kJsonLines});
  std::istringstream input(lines);
  nlohmann::json rows = nlohmann::json::array();
  for (std::string line; std::getline(input, line);) rows.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(rows.size(), 2);
  EXPECT_TRUE(rows[0].at("value").is_null());
  EXPECT_EQ(rows[1].at("value"), 0.75);
  EXPECT_EQ(nlohmann::json::parse(
                exported(fixture, ExportKind::kResults, {.format = ExportFormat::kJson})),
            rows);
}

TEST(Exporters, trials_come_in_plan_order_with_their_configuration_as_json) {
  const SweepFixture fixture;
  const auto rows = nlohmann::json::parse(
      exported(fixture, ExportKind::kTrials, {.format = ExportFormat::kJson}));
  ASSERT_EQ(rows.size(), 6);
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].at("trial_id"), fixture.id(i));
  EXPECT_EQ(rows[3].at("config").at("head").at("name"), "cosine");
  EXPECT_EQ(rows[3].at("seed"), 0);
}

TEST(Exporters, vanished_trials_come_only_when_asked_for) {
  const SweepFixture fixture;
  Sweep shorter = fixture.sweep;
  shorter.trials.erase(shorter.trials.begin());
  write_plan(fixture.path(), shorter);
  const auto count = [&](bool include_vanished) {
    const ExportOptions options{ExportFormat::kJson, include_vanished};
    return nlohmann::json::parse(exported(fixture, ExportKind::kTrials, options)).size();
  };
  EXPECT_EQ(count(false), 5);
  EXPECT_EQ(count(true), 6);
}

TEST(Exporters, every_kind_can_be_exported_and_unknown_ones_are_refused) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.75)});
  for (const char* kind : {"trials", "metrics", "results", "attempts", "parameters"}) {
    EXPECT_NE(exported(fixture, export_kind_from_string(kind), {}), "") << kind;
  }
  EXPECT_THROW(export_kind_from_string("trails"), ConfigError);
  EXPECT_THROW(export_format_from_string("xml"), ConfigError);
}

TEST(ConfigLeaves, are_found_in_sections_and_lists_of_sections) {
  const auto config = nlohmann::json::parse(
      R"({"a":{"b":"text","c":0.5},"d":[{"name":"crop"}],"e":[1,2],"f":[],"g":true})");
  EXPECT_THAT(config_leaves(config),
              ElementsAre(Pair("a.b", "text"),
                          Pair("a.c", "0.5"),
                          Pair("d.0.name", "crop"),
                          Pair("e", "[1,2]"),
                          Pair("f", "[]"),
                          Pair("g", "true")));
}

}  // namespace
}  // namespace headway
