#include "store/tables/exporters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>

#include <sstream>

#include "base/errors.h"
#include "config/schema/leaves.h"
#include "store/sql/rows.h"
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
            "trial_id,attempt,epoch,step,split,name,value,sweep\n" + fixture.id(0).text() +
                ",1,1,10,validation,loss,,heads\n" + fixture.id(0).text() +
                ",1,1,10,validation,top1_accuracy,0.30000000000000004,heads\n");
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
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_EQ(rows[i].at("trial_id"), fixture.id(i).text());
  EXPECT_EQ(rows[3].at("config").at("head").at("name"), "cosine");
  EXPECT_EQ(rows[3].at("seed"), 0);
}

TEST(Exporters, trials_that_were_edited_in_the_store_are_not_shown) {
  const SweepFixture fixture;
  for (const char* change : {"seed = 17", "config = replace(config, '0.1', '0.7')"}) {
    ResultsStore::rebuild(fixture.path()).query([&](soci::session& sql) {
      sql << std::string("UPDATE trials SET ") + change + " WHERE plan_position = 1";
    });
    EXPECT_THROW(exported(fixture, ExportKind::kTrials, {}), StoreError) << change;
  }
}

TEST(Exporters, vanished_trials_come_only_when_asked_for) {
  const SweepFixture fixture;
  Sweep shorter = fixture.sweep;
  shorter.trials.erase(shorter.trials.begin());
  write_manifest(fixture.path(), shorter);
  const auto count = [&](bool include_vanished) {
    const ExportOptions options{ExportFormat::kJson, include_vanished};
    return nlohmann::json::parse(exported(fixture, ExportKind::kTrials, options)).size();
  };
  EXPECT_EQ(count(false), 5);
  EXPECT_EQ(count(true), 6);
}

TEST(Exporters, every_table_for_users_can_be_exported_with_all_its_columns) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1),
                 fixture.metrics(0, 1, 1, 0.5),
                 fixture.done(0, 1, 0.75),
                 fixture.evaluated(0, 1, "aa", 0.1)});
  ResultsStore store(fixture.path());
  store.sync();
  std::vector<std::string> tables;
  for (const SqlTable& table : PublicRows::tables()) {
    tables.push_back(table.name);
    std::vector<std::string> columns;
    store.query([&](soci::session& sql) {  // as the database itself has them
      soci::row row;
      sql << "SELECT * FROM " + table.name, soci::into(row);
      for (std::size_t i = 0; i < row.size(); ++i)
        columns.push_back(row.get_properties(i).get_name());
    });
    const std::string csv = exported(fixture, export_kind_from_string(table.name), {});
    EXPECT_EQ(csv.substr(0, csv.find('\n')), fmt::format("{}", fmt::join(columns, ",")));
    EXPECT_GT(std::count(csv.begin(), csv.end(), '\n'), 1) << table.name;
  }
  EXPECT_THAT(export_kinds(), ::testing::UnorderedElementsAreArray(tables));
}

TEST(Exporters, unknown_kinds_and_formats_are_refused) {
  EXPECT_THROW(export_kind_from_string("trails"), ConfigError);
  EXPECT_THROW(export_format_from_string("xml"), ConfigError);
}

TEST(ConfigLeaves, a_list_is_one_leaf_whose_parts_can_be_asked_for) {
  const auto config = nlohmann::json::parse(
      R"({"a":{"b":"text","c":0.5},"d":[{"name":"crop"}],"e":[1,2],"f":[],"g":true})");
  const ConfigLeaves leaves = config_leaves(config);
  EXPECT_THAT(leaves,
              ElementsAre(Pair("a.b", "text"),
                          Pair("a.c", 0.5),
                          Pair("d", config["d"]),
                          Pair("e", config["e"]),
                          Pair("f", config["f"]),
                          Pair("g", true)));
  EXPECT_THAT(list_parts(leaves), ElementsAre(Pair("d.0.name", "crop")));
}

}  // namespace
}  // namespace headway
