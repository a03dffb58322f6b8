#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/files.h"
#include "base/safetensors.h"
#include "base/sweep_layout.h"
#include "runner/cli/verb.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/segment_writer.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

constexpr const char* kHash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A sweep of three trials: two done, with accuracies 0.5 and 0.75, and one failed.
class Records : public testing::Test {
 protected:
  void SetUp() override {
    write_manifest(sweep(), small_sweep(3));
    SegmentWriter writer(sweep(), WriterRecord{.role = "worker", .torch_version = "2.11.0"});
    finish(writer, 0, 0.5);
    finish(writer, 1, 0.75);
    start(writer, 2);
    writer.append({{"kind", "attempt_finished"},
                   {"trial_id", id(2)},
                   {"attempt", 1},
                   {"state", "failed"},
                   {"failure", "diverged"},
                   {"message", "loss is nan at step 7"}},
                  Flush::kNow);
    write_weights(0, id(0), hash_tensors(weights()));
  }

  static TrialId id(std::int64_t seed) { return small_trial(seed).trial_id; }
  fs::path root() const { return directory_.path(); }
  fs::path sweep() const { return root() / "small"; }

  void start(SegmentWriter& writer, std::int64_t seed) {
    writer.append({{"kind", "attempt_started"},
                   {"trial_id", id(seed)},
                   {"attempt", 1},
                   {"group", "group-1"},
                   {"host", "node7"},
                   {"device", "cpu"},
                   {"world_size", 2},
                   {"threads_per_rank", 1},
                   {"precision", "fp32"},
                   {"resumed_from_step", 0}},
                  Flush::kLater);
  }

  void finish(SegmentWriter& writer, std::int64_t seed, double accuracy) {
    start(writer, seed);
    const nlohmann::json values{{"test", {{"top1_accuracy", accuracy}}},
                                {"validation", {{"top1_accuracy", accuracy}}}};
    writer.append({{"kind", "metrics"},
                   {"trial_id", id(seed)},
                   {"attempt", 1},
                   {"epoch", 1},
                   {"step", 100},
                   {"values", values}},
                  Flush::kLater);
    writer.append({{"kind", "attempt_finished"},
                   {"trial_id", id(seed)},
                   {"attempt", 1},
                   {"state", "done"},
                   {"failure", ""},
                   {"message", ""},
                   {"exit_code", 0},
                   {"duration_s", 12.5},
                   {"weights_sha256", hash_tensors(weights())},
                   {"state_sha256", kHash},
                   {"metrics_sha256", kHash},
                   {"class_vectors_sha256", kHash},
                   {"results", {{"test", {{"top1_accuracy", accuracy}, {"nc1_pinv", nullptr}}}}},
                   {"missing", {{"test", {{"nc1_pinv", "one sample per class"}}}}}},
                  Flush::kNow);
  }

  std::vector<NamedTensor> weights() const {
    return {{"linear.weight", "F32", {1}, std::as_bytes(std::span(&value_, 1))}};
  }
  void write_weights(std::int64_t seed, const TrialId& told, const std::string& hash) {
    const fs::path folder = SweepLayout(sweep()).artifacts(id(seed));
    fs::create_directories(folder);
    write_safetensors(
        folder / "weights.safetensors", weights(), {{"trial_id", told}, {"weights_sha256", hash}});
  }
  void write_best(const std::string& epoch, const std::string& step, const std::string& accuracy) {
    write_safetensors(SweepLayout(sweep()).best_weights(id(0)),
                      weights(),
                      {{"trial_id", id(0)},
                       {"epoch", epoch},
                       {"step", step},
                       {"validation_top1_accuracy", accuracy},
                       {"weights_sha256", hash_tensors(weights())}});
  }
  static void flip_last_bit(const fs::path& path) {
    std::string text = text_of(path);
    text.back() = static_cast<char>(text.back() ^ 1);
    std::ofstream(path, std::ios::binary) << text;
  }

  struct Outcome {
    int exit_code = 0;
    std::string out;
    std::string err;
  };
  Outcome headway(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    VerbContext context{.out = out, .err = err, .results_root = root()};
    const int exit_code = run_program(arguments, context);
    return {exit_code, out.str(), err.str()};
  }
  nlohmann::json json_of(const std::vector<std::string>& arguments) {
    return nlohmann::json::parse(headway(arguments).out);
  }

  TemporaryDirectory directory_;
  float value_ = 1.5F;
};

TEST_F(Records, status_counts_and_tells_why_trials_failed) {
  const auto status = json_of({"status", "small", "--json"});
  EXPECT_EQ(status.at("counts").at("done"), 2);
  EXPECT_EQ(status.at("counts").at("failed"), 1);
  ASSERT_EQ(status.at("failed").size(), 1U);
  EXPECT_EQ(status["failed"][0].at("trial_id"), id(2).text());
  EXPECT_EQ(status["failed"][0].at("failure"), "diverged");
  EXPECT_TRUE(status["failed"][0].at("final"));  // it would diverge again
  const std::string text = headway({"status", "small"}).out;
  EXPECT_THAT(text, HasSubstr("loss is nan at step 7"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b[")));  // no terminal, no colours
}

TEST_F(Records, show_gives_the_record_the_results_and_why_one_is_missing) {
  const Outcome outcome = headway({"show", id(0).text().substr(0, 8)});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<std::string> expected{
      "test/top1_accuracy", "0.5", "one sample per class", "node7", kHash, id(0)};
  for (const std::string& text : expected) {
    EXPECT_THAT(outcome.out, HasSubstr(text));
  }
}

TEST_F(Records, show_as_json_holds_the_metrics_of_every_epoch) {
  const auto trial = json_of({"show", id(1), "--json"});
  EXPECT_EQ(trial.at("state"), "done");
  EXPECT_EQ(trial.at("world_size"), 2);
  EXPECT_EQ(trial.at("torch_version"), "2.11.0");
  EXPECT_EQ(trial.at("config").at("head").at("name"), "dot");
  EXPECT_EQ(trial.at("results").at("test").at("top1_accuracy"), 0.75);
  EXPECT_TRUE(trial.at("results").at("test").at("nc1_pinv").is_null());
  ASSERT_EQ(trial.at("metrics").size(), 2U);
  EXPECT_EQ(trial["metrics"][0].at("step"), 100);
}

TEST_F(Records, table_averages_over_seeds) {
  const auto table = json_of({"table", "small", "--metrics", "test/top1_accuracy", "--json"});
  EXPECT_THAT(table.dump(), HasSubstr("0.625"));  // (0.5 + 0.75) / 2
  EXPECT_EQ(headway({"table", "small", "--format", "csv"}).exit_code, 0);
  const Outcome wrong = headway({"table", "small", "--metrics", "test/top1_acuracy"});
  EXPECT_EQ(wrong.exit_code, kExitUsage);
  EXPECT_THAT(wrong.err, HasSubstr("top1_accuracy"));
}

TEST_F(Records, exported_weights_are_the_files_bytes) {
  const fs::path target = root() / "model.safetensors";
  const Outcome outcome = headway({"export", "weights", id(0), "--out", target.string()});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(text_of(target), text_of(SweepLayout(sweep()).weights(id(0))));
}

TEST_F(Records, exporting_never_overwrites_unless_forced) {
  const fs::path target = root() / "model.safetensors";
  std::ofstream(target) << "precious";
  const std::vector<std::string> command{"export", "weights", id(0), "--out", target.string()};
  const Outcome refused = headway(command);
  EXPECT_EQ(refused.exit_code, kExitUsage);
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(text_of(target), "precious");
  std::vector<std::string> forced = command;
  forced.push_back("--force");
  EXPECT_EQ(headway(forced).exit_code, 0);
  EXPECT_NE(text_of(target), "precious");
}

TEST_F(Records, weights_that_are_not_the_recorded_ones_are_not_handed_on) {
  const fs::path target = root() / "out.safetensors";
  const fs::path file = SweepLayout(sweep()).weights(id(0));
  const auto expect_refused = [&](const std::string& why) {
    for (const char* what : {"weights", "features"}) {
      const Outcome outcome = headway({"export", what, id(0), "--out", target.string()});
      EXPECT_EQ(outcome.exit_code, kExitStore) << what << ": " << why;
      EXPECT_THAT(outcome.err, HasSubstr(file.string())) << what << ": " << why;
      EXPECT_FALSE(fs::exists(target)) << what << ": " << why;
    }
  };
  write_weights(0, id(1), hash_tensors(weights()));
  expect_refused("of another trial");
  value_ = 7;
  write_weights(0, id(0), hash_tensors(weights()));
  expect_refused("other weights, sound in themselves");
  value_ = 1.5F;
  write_weights(0, id(0), hash_tensors(weights()));
  flip_last_bit(file);
  expect_refused("a flipped bit");
  fs::resize_file(file, fs::file_size(file) - 1);
  expect_refused("cut off");
}

TEST_F(Records, best_weights_are_handed_on_when_they_are_what_they_say) {
  const fs::path target = root() / "best.safetensors";
  const std::vector<std::string> command{
      "export", "weights", id(0), "--best", "--force", "--out", target.string()};
  write_best("1", "100", "0.5");
  const Outcome outcome = headway(command);
  EXPECT_EQ(outcome.exit_code, kExitDone) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("after epoch 1, validation accuracy 0.5"));
  EXPECT_EQ(text_of(target), text_of(SweepLayout(sweep()).best_weights(id(0))));
  fs::remove(target);

  const auto expect_refused = [&](const std::string& why) {
    EXPECT_EQ(headway(command).exit_code, kExitStore) << why;
    EXPECT_FALSE(fs::exists(target)) << why;
  };
  flip_last_bit(SweepLayout(sweep()).best_weights(id(0)));
  expect_refused("a flipped bit");
  write_best("2", "100", "0.5");
  expect_refused("an epoch that no record tells of");
  write_best("1", "99", "0.5");
  expect_refused("another step");
  write_best("1", "100", "0.75");
  expect_refused("another accuracy");
}

TEST_F(Records, a_configuration_edited_in_the_store_is_not_shown_under_the_old_id) {
  EXPECT_EQ(headway({"show", id(0)}).exit_code, kExitDone);
  soci::session sql(soci::sqlite3, "db=" + SweepLayout(sweep()).database().string());
  sql << "UPDATE trials SET config = replace(config, '\"epochs\":', '\"epochs\":1')";
  const Outcome outcome = headway({"show", id(0)});
  EXPECT_EQ(outcome.exit_code, kExitStore);
  EXPECT_THAT(outcome.err, HasSubstr("does not fit its ids"));
  EXPECT_EQ(headway({"fsck", "small", "--rebuild", "--quick"}).exit_code, kExitDone);
  EXPECT_EQ(headway({"show", id(0)}).exit_code, kExitDone);
}

TEST_F(Records, a_configuration_edited_in_the_plan_is_read_by_no_one) {
  const fs::path file = SweepLayout(sweep()).trials_file();
  std::string text = text_of(file);
  const std::string place = "\"epochs\":";
  text.insert(text.find(place) + place.size(), "1");
  std::ofstream(file) << text;
  for (const auto& command : std::vector<std::vector<std::string>>{{"table", "small"},
                                                                   {"show", id(0)},
                                                                   {"export", "trials", "small"},
                                                                   {"status", "small"}}) {
    const Outcome outcome = headway(command);
    EXPECT_EQ(outcome.exit_code, kExitStore) << command[0];
    EXPECT_THAT(outcome.err, HasSubstr(id(0).text())) << command[0];
  }
  EXPECT_EQ(headway({"fsck", "small", "--quick"}).exit_code, kExitStore);
}

TEST_F(Records, weights_of_a_trial_that_is_not_done_are_not_there_for_a_reason) {
  const auto refusal = [this] {
    const Outcome outcome =
        headway({"export", "weights", id(2), "--out", (root() / "model.safetensors").string()});
    EXPECT_EQ(outcome.exit_code, kExitUsage);
    return outcome.err;
  };
  EXPECT_THAT(refusal(), HasSubstr("has no final weights: it diverged"));
  EXPECT_EQ(headway({"retry", "small", id(2)}).exit_code, kExitDone);
  EXPECT_THAT(refusal(), HasSubstr("has no final weights yet"));
}

TEST_F(Records, raw_tables_go_to_standard_output_or_a_file) {
  const Outcome printed = headway({"export", "results", "small"});
  EXPECT_THAT(printed.out, HasSubstr("top1_accuracy"));
  const fs::path target = root() / "results.csv";
  EXPECT_EQ(headway({"export", "results", "small", "--out", target.string()}).exit_code, 0);
  EXPECT_EQ(text_of(target), printed.out);
}

TEST_F(Records, rebuilding_the_store_changes_no_table) {
  const std::string before = headway({"table", "small", "--format", "csv"}).out;
  headway({"fsck", "small", "--rebuild", "--quick"});
  EXPECT_EQ(headway({"table", "small", "--format", "csv"}).out, before);
}

TEST_F(Records, a_table_does_not_drop_the_trials_of_a_lost_segment_silently) {
  headway({"table", "small"});
  std::vector<fs::path> segments;
  for (const auto& entry : fs::directory_iterator(SweepLayout(sweep()).segments())) {
    segments.push_back(entry.path());
  }
  ASSERT_EQ(segments.size(), 1U);
  fs::remove(segments.front());
  for (int time = 0; time < 2; ++time) {
    const Outcome table = headway({"table", "small"});
    EXPECT_THAT(table.err, HasSubstr("records are lost"));
    EXPECT_THAT(table.err, HasSubstr(segments.front().filename().string()));
  }
  EXPECT_EQ(headway({"fsck", "small", "--quick"}).exit_code, kExitStore);
  const Outcome rebuilt = headway({"fsck", "small", "--quick", "--rebuild"});
  EXPECT_EQ(rebuilt.exit_code, kExitDone) << "accepted";
  EXPECT_THAT(rebuilt.err, HasSubstr("given up: segment " + segments.front().filename().string()));
  EXPECT_EQ(headway({"table", "small"}).err.find("lost"), std::string::npos);
}

TEST_F(Records, fsck_that_cannot_check_has_an_exit_code_of_its_own) {
  headway({"table", "small"});
  const pid_t holder = ::fork();
  if (holder == 0) {  // locks the database, as one that writes it
    const int file = ::open((sweep() / "results.sqlite").c_str(), O_RDWR);
    struct flock all {};
    all.l_type = F_WRLCK;
    ::fcntl(file, F_SETLK, &all);
    for (;;) ::pause();
  }
  const auto is_locked = [&] {
    const FileDescriptor file = open_file(sweep() / "results.sqlite", O_RDWR);
    struct flock any {};
    any.l_type = F_WRLCK;
    return ::fcntl(file.native(), F_GETLK, &any) == 0 && any.l_type != F_UNLCK;
  };
  while (!is_locked()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const Outcome outcome = headway({"fsck", "small", "--quick"});
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  EXPECT_EQ(outcome.exit_code, kExitNotChecked);
  EXPECT_THAT(outcome.out, HasSubstr("not checked in full"));
}

TEST_F(Records, fsck_of_a_damaged_segment_ends_with_code_4) {
  for (const auto& segment : fs::directory_iterator(SweepLayout(sweep()).segments())) {
    std::fstream file(segment.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);
    file << "XXXX";
  }
  const Outcome outcome = headway({"fsck", "small", "--quick"});
  EXPECT_EQ(outcome.exit_code, kExitStore);
  EXPECT_THAT(outcome.out, HasSubstr("damage"));
}

TEST_F(Records, logs_print_the_last_lines) {
  const fs::path folder = SweepLayout(sweep()).artifacts(id(1));
  fs::create_directories(folder);
  std::ofstream(folder / "log.txt") << "one\ntwo\nthree\n";
  EXPECT_EQ(headway({"logs", id(1)}).out, "one\ntwo\nthree\n");
  EXPECT_EQ(headway({"logs", id(1), "-n", "2"}).out, "two\nthree\n");
  EXPECT_EQ(headway({"logs", id(1), "--follow"}).out, "one\ntwo\nthree\n");  // done: ends at once
}

}  // namespace
}  // namespace headway
