#include "store/sql/fsck.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/errors.h"
#include "base/files.h"
#include "base/host.h"
#include "base/sweep_layout.h"
#include "base/weights_file.h"
#include "store/manifest/manifest_lines.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/damage_description.h"
#include "store/segments/record_json.h"
#include "store/segments/segment_reader.h"
#include "store/segments/trial_history.h"
#include "store/sql/best_weights.h"
#include "store/sql/fsck_findings.h"
#include "store/sql/results_store.h"
#include "store/sql/store_check.h"

namespace headway {
namespace {

// A record that is being written is whole a little later.
constexpr std::chrono::milliseconds kBetweenLooks{200};
constexpr int kMostLooks = 10;

/// Where segments end in what is no record, (segment, offset, bytes) of each.
std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> torn_tails(
    const SegmentReader& reader) {
  std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> tails;
  for (const SegmentDamage& one : reader.damage()) {
    if (one.kind == DamageKind::kTornTail) tails.emplace_back(one.segment, one.offset, one.bytes);
  }
  return tails;
}

class Check {
 public:
  Check(std::filesystem::path sweep_directory, FsckOptions options)
      : layout_(std::move(sweep_directory)), options_(std::move(options)) {}

  FsckReport run() {
    findings_.guard(layout_.root() / "trials.jsonl", [this] { check_plan(); });
    findings_.guard(layout_.root() / "segments", [this] { check_segments(); });
    check_other_folders();
    check_trials();
    if (options_.check_artifacts) check_artifacts();
    findings_.guard(layout_.root() / "results.sqlite", [this] { check_store(); });
    if (options_.lost_besides) {
      findings_.guard(layout_.root() / "claims", [this] { note_lost(options_.lost_besides()); });
    }
    findings_.guard(layout_.root() / "segments", [this] { check_lost(); });
    report_.problems = findings_.problems();
    return std::move(report_);
  }

 private:
  void check_plan() {
    findings_.guard(layout_.root() / "plan.json", [this] {
      read_sweep_settings(layout_.root());
      has_settings_ = true;
    });
    const auto file = layout_.trials_file();
    const auto planned = read_manifest_lines(file);
    report_.trials = static_cast<std::int64_t>(planned.size());
    for (const PlannedTrial& trial : planned) {
      known_trials_.insert(trial.trial_id);
      check_ids(trial, file.string());
    }
    if (has_settings_) findings_.guard(file, [this] { read_manifest(layout_.root()); });
    findings_.guard(layout_.root() / "trials.vanished.jsonl", [this] {
      const auto vanished = layout_.vanished_trials_file();
      for (const PlannedTrial& trial : read_vanished_trials(layout_.root())) {
        known_trials_.insert(trial.trial_id);
        check_ids(trial, vanished.string());
      }
    });
  }

  void check_ids(const PlannedTrial& trial, const std::string& file) {
    try {
      config_of(trial, file);
    } catch (const StoreError& error) {
      findings_.damage(file, error.what());  // names the trial
    }
  }

  // Commands that come upon a link out of the sweep there refuse to go on.
  void check_other_folders() {
    findings_.guard(layout_.root() / "supervisors", [this] { layout_.supervisors(); });
    findings_.guard(layout_.root() / "logs", [this] { layout_.logs(); });
    findings_.guard(layout_.root() / "evaluations", [this] { layout_.evaluations(); });
  }

  void check_segments() {
    const auto folder = layout_.segments();
    struct stat info {};
    if (::stat(folder.c_str(), &info) == 0 && !S_ISDIR(info.st_mode)) {
      throw UnfitFileError(
          fmt::format("found {}, expected the folder of all records", kind_of_file(info.st_mode)));
    }
    SegmentReader reader(layout_.root());
    const auto take_all = [&] {
      reader.poll([this](const SegmentRecord& record) { take(record); });
      return torn_tails(reader);
    };
    auto tails = take_all();
    for (int look = 0; look < kMostLooks && !tails.empty(); ++look) {
      std::this_thread::sleep_for(kBetweenLooks);
      if (std::exchange(tails, take_all()) == tails) break;  // nobody writes there
    }
    const auto positions = reader.positions();
    report_.segments = static_cast<std::int64_t>(positions.size());
    std::map<std::string, std::optional<WriterRecord>> writers;
    for (const SegmentPosition& position : positions) {
      writers[position.segment] = position.writer;
      if (position.size > 0) continue;
      findings_.remark((layout_.segments() / position.segment).string(),
                       "empty: its writer died before its first record, or someone emptied it");
    }
    for (const SegmentDamage& one : reader.damage()) {
      findings_.guard(layout_.segments() / one.segment,
                      [&] { report_damage(one, writers[one.segment]); });
    }
    for (const PassedOver& one : reader.passed_over()) {
      findings_.remark(
          (layout_.segments() / one.segment).string(),
          fmt::format("{} passed over ({}): a newer headway wrote them", one.records, one.what));
    }
  }

  void take(const SegmentRecord& record) {
    ++report_.records;
    const auto id = record.trial_id();
    if (!id) return;
    check_record(record.json, RecordKinds{});
    records_[*id].fold(record);
    if (record.kind() == AttemptFinished::kKind && record.json.at("state") == "done") {
      ++done_[{*id, record.json.at("attempt").get<std::int64_t>()}];
    }
  }

  void report_damage(const SegmentDamage& one, const std::optional<WriterRecord>& writer) {
    const std::filesystem::path segment = layout_.segments() / one.segment;
    if (one.kind == DamageKind::kNoFile) {
      return findings_.damage(segment.string(), describe_damage(segment, one));
    }
    const std::string where = fmt::format("{}:{}", segment.string(), one.offset);
    if (one.kind == DamageKind::kDamaged) {
      return findings_.damage(
          where,
          describe_damage(segment, one) +
              "; the next run trains again what is not recorded as done any more");
    }
    Liveness owner = Liveness::kUnknown;
    if (writer && writer->process) owner = liveness(*writer->process);
    if (owner == Liveness::kAlive) return;  // being written at this moment
    const bool cut_off = one.reason.find("cut off") != std::string::npos;
    if (!cut_off)
      return findings_.damage(where, "the segment's end, " + describe_damage(segment, one));
    findings_.remark(where,
                     "the segment's end, " + describe_damage(segment, one) +
                         "; its writer died in mid-record, or writes on another machine");
  }

  // A run that extends the sweep writes the plan before the first record of a new trial.
  void take_in_new_plan() {
    const bool is_complete = std::ranges::all_of(
        records_, [this](const auto& entry) { return known_trials_.contains(entry.first); });
    if (is_complete) return;
    try {
      for (const auto& trials :
           {read_manifest_lines(layout_.trials_file()), read_vanished_trials(layout_.root())}) {
        for (const PlannedTrial& trial : trials) known_trials_.insert(trial.trial_id);
      }
    } catch (const EnvironmentError&) {
      // Told already, or the next check will.
    }
  }

  void check_trials() {
    take_in_new_plan();
    for (const auto& [place, count] : done_) {
      if (count == 1) continue;
      findings_.damage(
          "trial " + place.first.text(),
          fmt::format(
              "attempt {} is recorded as done {} times; it should be once", place.second, count));
    }
    for (const auto& [id, record] : records_) {
      for (const auto& [number, attempt] : record.attempts) {
        if (attempt.state != kSuperseded) continue;
        findings_.remark(
            "trial " + id.text(),
            fmt::format("attempt {} said that it was done after attempt {} had taken over; what "
                        "it wrote does not count",
                        number,
                        record.highest_attempt()));
      }
      if (!known_trials_.contains(id)) {
        findings_.damage("trial " + id.text(),
                         "has records, but neither the plan nor an earlier one holds it");
      }
    }
  }

  void check_artifacts() {
    for (const auto& [id, record] : records_) {
      if (record.state() == TrialState::kDone) check_artifacts(id, *record.last_attempt());
    }
  }

  void check_artifacts(const TrialId& id, const AttemptRecord& trained) {
    const auto folder = layout_.root() / "artifacts" / id.text();
    findings_.guard(folder / SweepLayout::kWeights, [&] {
      if (!trained.weights_sha256.empty()) check_weights(id, trained.weights_sha256);
    });
    findings_.guard(folder / SweepLayout::kBestWeights, [&] { check_best_weights(id); });
    findings_.guard(folder / SweepLayout::kClassVectors, [&] {
      if (!trained.class_vectors_sha256.empty()) {
        check_class_vectors(id, trained.class_vectors_sha256);
      }
    });
  }

  void check_weights(const TrialId& id, const std::string& recorded) {
    const auto file = layout_.weights(id);
    if (!is_there(file)) {
      return findings_.damage(
          file.string(),
          "the weights of a finished trial are gone; put the file back, or train the "
          "trial anew in a sweep of another name");
    }
    ++report_.artifacts;
    open_weights(file, id, recorded);
  }

  // Nobody records the hash of the best weights; the file tells its own.
  void check_best_weights(const TrialId& id) {
    const auto file = layout_.best_weights(id);
    if (!is_there(file)) return;
    ++report_.artifacts;
    best_weights_.emplace(id, place_of_best(open_weights(file, id, ""), file));
  }

  void check_class_vectors(const TrialId& id, const std::string& recorded) {
    const auto file = layout_.artifacts(id) / SweepLayout::kClassVectors;
    if (!is_there(file)) return;  // drawn again from the configuration whenever they are needed
    expect_class_vectors(file, id, recorded);
  }

  void check_store() {
    const auto database = results_database(layout_.root());
    // The next reading command builds it; none can, without the sweep's name.
    if (!is_there(database) || !has_settings_) return;
    const StoreCheck store(layout_, database, findings_);
    if (!store.is_whole()) return;
    note_lost(store.lost());
    store.compare(best_weights_);
  }

  void note_lost(std::vector<LostRecords> lost) { lost_ = merged(lost_, std::move(lost)); }

  bool is_done(const TrialId& id) const {
    const auto record = records_.find(id);
    return record != records_.end() && record->second.state() == TrialState::kDone;
  }

  void check_lost() {
    for (const LostRecords& lost : lost_) {
      const std::string segment = (layout_.root() / "segments" / lost.segment).string();
      const bool is_made_good =
          std::ranges::all_of(lost.trials, [this](const TrialId& id) { return is_done(id); });
      if (lost.is_accepted) {
        findings_.remark(segment, lost.text() + "; the loss was accepted");
      } else if (!lost.trials.empty() && is_made_good) {
        findings_.remark(segment, lost.text() + "; recorded as done all the same");
      } else {
        findings_.damage(
            segment,
            fmt::format("{}; put the file back, or let the next run train again what is not "
                        "recorded as done any more; 'headway fsck {} --rebuild' accepts the "
                        "loss",
                        lost.text(),
                        layout_.root().string()));
      }
    }
  }

  SweepLayout layout_;
  FsckOptions options_;
  FsckReport report_;
  FsckFindings findings_;
  bool has_settings_ = false;
  std::vector<LostRecords> lost_;
  std::map<TrialId, BestWeights> best_weights_;
  std::unordered_set<TrialId> known_trials_;
  std::map<TrialId, TrialHistory> records_;               // sorted: reports compare
  std::map<std::pair<TrialId, std::int64_t>, int> done_;  // by attempt
};

}  // namespace

bool FsckReport::has(FsckFinding finding) const {
  return std::ranges::any_of(problems,
                             [&](const FsckProblem& one) { return one.finding == finding; });
}

FsckReport fsck(const std::filesystem::path& sweep_directory, const FsckOptions& options) {
  if (is_absent(sweep_directory / "trials.jsonl")) {
    throw ConfigError(
        fmt::format("no sweep in '{}': there is no trials.jsonl", sweep_directory.string()));
  }
  return Check(sweep_directory, options).run();
}

}  // namespace headway
