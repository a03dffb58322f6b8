#include "store/tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <tuple>

#include "base/errors.h"
#include "store/tables/table_format.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// dot: 0.90, 0.92, 0.94; cosine: 0.80, nothing (failed), pending.
class FinishedSweep : public ::testing::Test {
 protected:
  FinishedSweep() : store_(prepared(fixture_)) {}

  static ResultsStore prepared(const SweepFixture& fixture) {
    fixture.write({fixture.started(0, 1),
                   fixture.done(0, 1, 0.90),
                   fixture.started(1, 1),
                   fixture.done(1, 1, 0.92),
                   fixture.started(2, 1),
                   fixture.done(2, 1, 0.94),
                   fixture.started(3, 1),
                   fixture.done(3, 1, 0.80),
                   fixture.started(4, 1),
                   fixture.failed(4, 1, "diverged")});
    ResultsStore store(fixture.path());
    store.sync();
    return store;
  }

  SweepFixture fixture_;
  ResultsStore store_;
};

TEST_F(FinishedSweep, groups_by_all_that_varies_but_the_seeds) {
  const Table table = make_table(store_, {});
  EXPECT_EQ(table.sweep, "heads");
  EXPECT_THAT(table.by, ::testing::Contains("head.name"));
  EXPECT_THAT(table.by, ::testing::Not(::testing::Contains("seed")));
  EXPECT_EQ(table.rows.size(), 2);
}

TEST_F(FinishedSweep, gives_mean_and_standard_deviation_as_computed_by_hand) {
  const Table table = make_table(store_, {.by = {"head.name"}});
  ASSERT_EQ(table.rows.size(), 2);
  EXPECT_EQ(table.rows[0].keys[0], "dot");
  const TableCell& dot = table.rows[0].cells[0];
  EXPECT_NEAR(*dot.mean, 0.92, 1e-15);
  EXPECT_NEAR(*dot.std, 0.02, 1e-15);  // sqrt((0.02^2 + 0 + 0.02^2) / 2)
  EXPECT_EQ(dot.n, 3);
  EXPECT_EQ(dot.missing, 0);
  const TableCell& cosine = table.rows[1].cells[0];
  EXPECT_DOUBLE_EQ(*cosine.mean, 0.80);
  EXPECT_FALSE(cosine.std.has_value());  // of one value there is none
  EXPECT_EQ(cosine.n, 1);
  EXPECT_EQ(cosine.missing, 2);
}

TEST(TableStatistics, only_equal_values_deviate_by_nothing) {
  for (const auto& [values, mean, std] :
       {std::tuple(std::array{0.1, 0.1, 0.1}, 0.1, 0.0),
        std::tuple(std::array{0.0, 0.0, 3e-200}, 1e-200, std::sqrt(3.0) * 1e-200),
        std::tuple(std::array{-1e300, 0.0, 1e300}, 0.0, 1e300),
        std::tuple(std::array{1.7e308, 1.65e308, 1.6e308}, 1.65e308, 5e306)}) {
    const SweepFixture fixture;
    for (std::size_t trial = 0; trial < values.size(); ++trial) {
      fixture.write({fixture.started(trial, 1), fixture.done(trial, 1, values[trial])});
    }
    ResultsStore store(fixture.path());
    store.sync();
    const TableCell cell = make_table(store, {.by = {"head.name"}}).rows.at(0).cells.at(0);
    EXPECT_DOUBLE_EQ(*cell.mean, mean);
    EXPECT_DOUBLE_EQ(*cell.std, std);
  }
}

TEST_F(FinishedSweep, says_which_trials_are_missing_and_why) {
  const Table table = make_table(store_, {.by = {"head.name"}, .metrics = {"test/nc1"}});
  EXPECT_EQ(table.columns[0].name, "nc1_pinv");  // by its alias
  EXPECT_FALSE(table.rows[0].cells[0].mean.has_value());
  EXPECT_THAT(table.notes,
              ElementsAre("2 of 6 trials are not done and count as missing: 1 failed, 1 pending",
                          "test/nc1_pinv is missing in 4 finished trials: one class has a single "
                          "sample"));
}

TEST_F(FinishedSweep, names_each_known_metric_once_where_none_is_near) {
  try {
    make_table(store_, {.by = {"head.name"}, .metrics = {"unheard_of"}});
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    const std::string message = error.what();
    const std::size_t place = message.find(" nc1_pinv,");
    ASSERT_NE(place, std::string::npos) << message;
    EXPECT_EQ(message.find(" nc1_pinv,", place + 1), std::string::npos) << message;
  }
}

TEST_F(FinishedSweep, points_out_averages_over_different_cells) {
  const Table table = make_table(store_, {.by = {"dataset.name"}});
  ASSERT_EQ(table.rows.size(), 1);
  EXPECT_EQ(table.rows[0].cells[0].n, 4);
  ASSERT_FALSE(table.notes.empty());
  EXPECT_THAT(table.notes[0], HasSubstr("averages over up to 2 cells per row that differ in"));
  EXPECT_THAT(table.notes[0], HasSubstr("head.name"));
}

TEST_F(FinishedSweep, finds_a_metric_in_whatever_evaluation_recorded_it) {
  fixture_.write({fixture_.evaluated(0, 1, "aa", 0.2), fixture_.evaluated(1, 1, "aa", 0.4)});
  store_.sync();
  const TableRequest plain{.by = {"head.name"}, .metrics = {"test/ece"}};
  const Table table = make_table(store_, plain);
  EXPECT_NEAR(*table.rows[0].cells[0].mean, 0.3, 1e-15);
  EXPECT_EQ(table.rows[0].cells[0].n, 2);
  EXPECT_EQ(table.columns[0].label(), "test/ece");
  const TableRequest named{.by = {"head.name"}, .metrics = {"calibration:ece"}};
  EXPECT_NEAR(*make_table(store_, named).rows[0].cells[0].mean, 0.3, 1e-15);
  EXPECT_EQ(make_table(store_, named).columns[0].label(), "calibration:test/ece");
}

TEST_F(FinishedSweep, prefers_what_training_recorded_and_reaches_the_other_by_name) {
  nlohmann::json later = fixture_.evaluated(0, 1, "aa", 0);
  later["results"] = {{"test", {{"top1_accuracy", 0.5}}}};
  later["missing"] = nlohmann::json::object();
  fixture_.write({later});
  store_.sync();
  const TableRequest plain{.by = {"head.name"}, .metrics = {"test/top1_accuracy"}};
  EXPECT_NEAR(*make_table(store_, plain).rows[0].cells[0].mean, 0.92, 1e-15);
  const TableRequest named{.by = {"head.name"}, .metrics = {"calibration:test/top1_accuracy"}};
  const Table table = make_table(store_, named);
  EXPECT_EQ(table.rows[0].cells[0].mean, 0.5);
  EXPECT_EQ(table.rows[0].cells[0].n, 1);
}

TEST_F(FinishedSweep, says_when_a_column_mixes_evaluations) {
  fixture_.write(
      {fixture_.evaluated(0, 1, "aa", 0.2), fixture_.evaluated(1, 1, "aa", 0.4, "shift")});
  store_.sync();
  const Table table = make_table(store_, {.by = {"head.name"}, .metrics = {"test/ece"}});
  EXPECT_THAT(table.notes,
              ::testing::Contains("test/ece was recorded by calibration in 1 trials, by shift in 1 "
                                  "trials; shift:test/ece is that of the last alone"));
}

TEST_F(FinishedSweep, a_metric_that_every_evaluation_lacks_is_missing_for_the_first_ones_reason) {
  fixture_.write({fixture_.evaluated(0, 1, "aa", 0.2)});
  store_.sync();
  const Table table = make_table(store_, {.by = {"head.name"}, .metrics = {"test/nll"}});
  EXPECT_THAT(table.notes,
              ::testing::Contains("test/nll is missing in 1 finished trials: a probability is 0"));
}

TEST_F(FinishedSweep, groups_by_seed_when_asked) {
  const Table table = make_table(store_, {.by = {"seed", "head.name"}});
  ASSERT_EQ(table.rows.size(), 6);
  EXPECT_THAT(table.rows[4].keys,
              ElementsAre(std::optional<std::string>("1"), std::optional<std::string>("cosine")));
  EXPECT_EQ(table.rows[4].cells[0].n, 0);
}

TEST_F(FinishedSweep, leaves_trials_out_that_vanished_from_the_plan) {
  Sweep shorter = fixture_.sweep;
  shorter.trials.erase(shorter.trials.begin());
  write_manifest(fixture_.path(), shorter);
  store_.sync();
  const Table table = make_table(store_, {.by = {"head.name"}});
  EXPECT_NEAR(*table.rows[0].cells[0].mean, 0.93, 1e-15);
  EXPECT_EQ(table.rows[0].trials, 2);
}

TEST_F(FinishedSweep, refuses_unknown_keys_metrics_and_splits_with_the_nearest) {
  const auto message = [&](const TableRequest& request) -> std::string {
    try {
      make_table(store_, request);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message({.by = {"head.nmae"}}), HasSubstr("did you mean 'head.name'?"));
  EXPECT_THAT(message({.metrics = {"test/top1_acuracy"}}),
              HasSubstr("did you mean 'top1_accuracy'?"));
  EXPECT_THAT(message({.metrics = {"trainig:test/top1_accuracy"}}),
              HasSubstr("did you mean 'training'?"));
  EXPECT_THAT(message({.metrics = {"tset/top1_accuracy"}}), HasSubstr("did you mean 'test'?"));
}

Table small_table() {
  Table table;
  table.sweep = "heads";
  table.by = {"head.name"};
  table.columns = {{"test", "top1_accuracy"}, {"test", "loss"}};
  table.rows = {
      {{"dot"}, {{0.9123456, 0.0123456, 3, 0}, {1234.5, 150.0, 3, 0}}, 3},
      {{"a_b|c,\"d\""}, {{0.5, std::nullopt, 1, 2}, {std::nullopt, std::nullopt, 0, 3}}, 3}};
  table.notes = {"2 of 6 trials are not done"};
  return table;
}

TEST(TableFormat, text_is_aligned_and_rounds_to_two_digits_of_the_standard_deviation) {
  EXPECT_EQ(format_table(small_table(), TableFormat::kText),
            "head.name  test/top1_accuracy   test/loss  n\n"
            "---------  ------------------  ----------  -\n"
            "dot             0.912 ± 0.012  1234 ± 150  3\n"
            "a_b|c,\"d\"     0.5000 (1 of 3)           -  3\n"
            "note: 2 of 6 trials are not done\n");
}

TEST(TableFormat, markdown_escapes_what_would_end_a_cell) {
  EXPECT_EQ(format_table(small_table(), TableFormat::kMarkdown),
            "| head.name | test/top1\\_accuracy | test/loss | n |\n"
            "| --- | ---: | ---: | ---: |\n"
            "| dot | 0.912 ± 0.012 | 1234 ± 150 | 3 |\n"
            "| a\\_b\\|c,\"d\" | 0.5000 (1 of 3) | - | 3 |\n"
            "\nNote: 2 of 6 trials are not done\n");
}

TEST(TableFormat, csv_keeps_full_precision_and_quotes_as_rfc_4180_wants) {
  EXPECT_EQ(format_table(small_table(), TableFormat::kCsv),
            "head.name,test/top1_accuracy_mean,test/top1_accuracy_std,test/top1_accuracy_n,"
            "test/top1_accuracy_missing,test/loss_mean,test/loss_std,test/loss_n,"
            "test/loss_missing\n"
            "dot,0.9123456,0.0123456,3,0,1234.5,150,3,0\n"
            "\"a_b|c,\"\"d\"\"\",0.5,,1,2,,,0,3\n");
}

TEST(TableFormat, latex_is_a_booktabs_tabular_with_escaped_names) {
  EXPECT_EQ(format_table(small_table(), TableFormat::kLatex),
            "% needs \\usepackage{booktabs}\n"
            "% 2 of 6 trials are not done\n"
            "\\begin{tabular}{lrrr}\n"
            "\\toprule\n"
            "head.name & test/top1\\_accuracy & test/loss & n \\\\\n"
            "\\midrule\n"
            "dot & $0.912 \\pm 0.012$ & $1234 \\pm 150$ & 3 \\\\\n"
            "a\\_b|c,\"d\" & $0.5000$ (1 of 3) & -- & 3 \\\\\n"
            "\\bottomrule\n"
            "\\end{tabular}\n");
}

TEST(TableFormat, html_escapes_markup) {
  Table table = small_table();
  table.rows[1].keys[0] = "<b>";
  const std::string text = format_table(table, TableFormat::kHtml);
  EXPECT_THAT(text, HasSubstr("<th>head.name</th>"));
  EXPECT_THAT(text, HasSubstr("<td>&lt;b&gt;</td><td>0.5000 (1 of 3)</td><td>-</td>"));
}

TEST(TableFormat, json_holds_the_same_numbers_unrounded) {
  const auto json = nlohmann::json::parse(format_table(small_table(), TableFormat::kJson));
  EXPECT_EQ(json.at("sweep"), "heads");
  const auto& row = json.at("rows").at(0);
  EXPECT_EQ(row.at("keys").at("head.name"), "dot");
  EXPECT_EQ(row.at("metrics").at("test/top1_accuracy").at("mean"), 0.9123456);
  EXPECT_EQ(row.at("metrics").at("test/top1_accuracy").at("n"), 3);
  const auto& gap = json.at("rows").at(1).at("metrics").at("test/loss");
  EXPECT_TRUE(gap.at("mean").is_null());
  EXPECT_EQ(gap.at("missing"), 3);
}

TEST(TableFormat, rounds_mean_and_standard_deviation_to_the_same_place) {
  const auto rounded = [](double mean, std::optional<double> std) {
    const RoundedCell cell = round_cell({mean, std, 3, 0});
    return cell.mean + " " + cell.std;
  };
  EXPECT_EQ(rounded(0.98765, 0.00123), "0.9877 0.0012");
  EXPECT_EQ(rounded(12.345, 2.345), "12.3 2.3");
  EXPECT_EQ(rounded(0.5, 0.0), "0.5000 0");
  EXPECT_EQ(rounded(0.000012345, std::nullopt), "1.23e-05 ");
  EXPECT_EQ(rounded(0.00012345, std::nullopt), "0.000123 ");
  EXPECT_EQ(rounded(0.012345, std::nullopt), "0.0123 ");
  EXPECT_EQ(rounded(-0.00987654, std::nullopt), "-0.00988 ");
  EXPECT_EQ(rounded(-1.5e-13, std::nullopt), "-1.50e-13 ");
  EXPECT_EQ(rounded(0, std::nullopt), "0.0000 ");
  EXPECT_EQ(rounded(-0.0, std::nullopt), "0.0000 ");
  EXPECT_EQ(rounded(123456789.0, std::nullopt), "1.23e+08 ");
}

TEST(TableFormat, numbers_have_digits_that_count_and_exponents_where_these_are_shorter) {
  const auto rounded = [](double mean, double std) {
    const RoundedCell cell = round_cell({mean, std, 3, 0});
    return cell.mean + " " + cell.std;
  };
  EXPECT_EQ(rounded(1e-5, 0), "1.00e-05 0");
  EXPECT_EQ(rounded(1e-5, 1.7e-21), "1.00e-05 0");  // the rounding of a mean of three equal values
  EXPECT_EQ(rounded(-1.5e-13, 2.5e-14), "-1.50e-13 2.5e-14");
  EXPECT_EQ(rounded(-1.5e-13, 0.0012), "0.0000 0.0012");
  EXPECT_EQ(rounded(4.66e18, 1.23e17), "4.66e+18 1.2e+17");
  EXPECT_EQ(rounded(4.66e18, 0), "4.66e+18 0");
  EXPECT_EQ(rounded(12345.678, 0.00123), "12345.6780 0.0012");
  EXPECT_EQ(rounded(0.0001234, 0.0000567), "0.000123 0.000057");
  EXPECT_EQ(rounded(2e-9, 3e-7), "0 3.0e-07");
  EXPECT_EQ(rounded(0.9, 1e-9), "0.9000000000 0.0000000010");
}

TEST(TableFormat, names_become_neither_markup_nor_formulas_nor_orders_to_a_terminal) {
  Table table = small_table();
  table.by = {"dataset.name"};
  const auto with_key = [&](const std::string& key, TableFormat format) {
    table.rows[0].keys[0] = key;
    return format_table(table, format);
  };
  EXPECT_THAT(with_key("[x]*", TableFormat::kLatex), HasSubstr("\n{[}x{]}{*} & "));
  EXPECT_THAT(with_key("a\nb", TableFormat::kLatex), HasSubstr("a\\textbackslash{}nb"));
  EXPECT_THAT(with_key("<script>a&b", TableFormat::kMarkdown), HasSubstr("&lt;script&gt;a&amp;b"));
  EXPECT_THAT(with_key("[x](y)`", TableFormat::kMarkdown), HasSubstr("\\[x\\](y)\\`"));
  EXPECT_THAT(with_key("<i x='y'>", TableFormat::kHtml), HasSubstr("&lt;i x=&#39;y&#39;&gt;"));
  EXPECT_THAT(with_key("\x1b[31m", TableFormat::kText), HasSubstr("\\x1b[31m"));
  EXPECT_THAT(with_key("\x1b[31m", TableFormat::kCsv), HasSubstr("\n\\x1b[31m,"));
  for (const std::string formula : {"=1+1", "+cmd", "-cmd", "@x"}) {
    EXPECT_THAT(with_key(formula, TableFormat::kCsv), HasSubstr("\n'" + formula + ","));
  }
  for (const std::string number : {"-0.5", "+1", "-1e-05", "-"}) {
    EXPECT_THAT(with_key(number, TableFormat::kCsv), HasSubstr("\n" + number + ","));
  }
}

TEST(TableFormat, latex_writes_exponents_as_powers_of_ten) {
  Table table = small_table();
  table.rows[0].cells[0] = {1.5e-13, 2.5e-14, 3, 0};
  EXPECT_THAT(format_table(table, TableFormat::kLatex),
              HasSubstr("$1.50 \\times 10^{-13} \\pm 2.5 \\times 10^{-14}$"));
}

TEST(TableFormat, names_are_known_with_their_short_forms) {
  EXPECT_EQ(table_format_from_string("md"), TableFormat::kMarkdown);
  EXPECT_EQ(table_format_from_string("tex"), TableFormat::kLatex);
  EXPECT_THROW(table_format_from_string("xlsx"), ConfigError);
}

}  // namespace
}  // namespace headway
