#include "store/sql/fsck.h"

#include <fmt/format.h>
#include <soci/soci.h>

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
#include "base/temporary_files.h"
#include "base/weights_file.h"
#include "store/manifest/manifest_lines.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/damage_description.h"
#include "store/segments/record_json.h"
#include "store/segments/segment_reader.h"
#include "store/segments/trial_history.h"
#include "store/sql/best_weights.h"
#include "store/sql/results_store.h"
#include "store/sql/rows.h"
#include "store/sql/sqlite_dialect.h"
#include "store/sql/store_schema.h"

namespace headway {
namespace {

// A record that is being written is whole a little later.
constexpr std::chrono::milliseconds kBetweenLooks{200};
constexpr int kMostLooks = 10;
constexpr int kMostComparisons = 5;
constexpr int kLockSeconds = 5;  // who writes the database now is mostly done by then

/// Where segments end in what is no record, (segment, offset, bytes) of each.
std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> torn_tails(
    const SegmentReader& reader) {
  std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> tails;
  for (const SegmentDamage& one : reader.damage()) {
    if (one.kind == DamageKind::kTornTail) tails.emplace_back(one.segment, one.offset, one.bytes);
  }
  return tails;
}

/// A database for as long as this lives, where files for a while go.
class ScratchDatabase {
 public:
  ScratchDatabase() : path_(temporary_directory() / ("headway-fsck-" + random_id() + ".sqlite")) {}
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;
  ~ScratchDatabase() {
    std::error_code ignored;
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
      std::filesystem::remove(path_.string() + suffix, ignored);
    }
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Check {
 public:
  Check(std::filesystem::path sweep_directory, FsckOptions options)
      : layout_(std::move(sweep_directory)), options_(std::move(options)) {}

  FsckReport run() {
    guarded(layout_.root() / "trials.jsonl", [this] { check_plan(); });
    guarded(layout_.root() / "segments", [this] { check_segments(); });
    check_trials();
    if (options_.check_artifacts) check_artifacts();
    check_store();
    if (options_.lost_besides) {
      guarded(layout_.root() / "claims", [this] { note_lost(options_.lost_besides()); });
    }
    guarded(layout_.root() / "segments", [this] { check_lost(); });
    return std::move(report_);
  }

 private:
  void find(FsckFinding finding, std::string where, std::string message) {
    const std::string prefix = where + ": ";  // most errors begin so, too
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
    report_.problems.push_back({std::move(where), std::move(message), finding});
  }
  void damage(std::string where, std::string message) {
    find(FsckFinding::kDamage, std::move(where), std::move(message));
  }
  void remark(std::string where, std::string message) {
    find(FsckFinding::kRemark, std::move(where), std::move(message));
  }

  /// What `check` says of `file` is damage, and so is a link that leads nowhere or out of the
  /// sweep; a lock, a full disk and the like are its own failures.
  void guarded(const std::filesystem::path& file, const std::function<void()>& check) {
    try {
      check();
    } catch (const DatabaseError& error) {
      find(error.kind() == SqlErrorKind::kDamaged ? FsckFinding::kDamage : FsckFinding::kUnchecked,
           file.string(),
           error.what());
    } catch (const StoreError& error) {
      damage(file.string(), error.what());
    } catch (const ConfigError& error) {
      damage(file.string(), error.what());
    } catch (const std::runtime_error& error) {
      std::error_code unknown;
      const bool is_link =
          std::filesystem::is_symlink(std::filesystem::symlink_status(file, unknown));
      find(is_link ? FsckFinding::kDamage : FsckFinding::kUnchecked, file.string(), error.what());
    }
  }

  void check_plan() {
    guarded(layout_.root() / "plan.json", [this] {
      read_sweep_settings(layout_.root());
      has_settings_ = true;
    });
    const auto file = layout_.trials_file();
    const auto planned = read_manifest_lines(file);
    report_.trials = static_cast<std::int64_t>(planned.size());
    for (const PlannedTrial& trial : planned) check_planned(trial, file.string());
    guarded(layout_.root() / "trials.vanished.jsonl", [this] {
      const auto vanished = layout_.vanished_trials_file();
      for (const PlannedTrial& trial : read_vanished_trials(layout_.root())) {
        known_trials_.insert(trial.trial_id);
        check_ids(trial, vanished.string());
      }
    });
  }

  void check_planned(const PlannedTrial& trial, const std::string& file) {
    if (!known_trials_.insert(trial.trial_id).second) {
      damage(file, fmt::format("trial {} stands in the plan twice", trial.trial_id));
    }
    check_ids(trial, file);
  }

  void check_ids(const PlannedTrial& trial, const std::string& file) {
    try {
      config_of(trial, file);
    } catch (const StoreError& error) {
      damage(file, error.what());  // names the trial
    }
  }

  void check_segments() {
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
      remark((layout_.segments() / position.segment).string(),
             "empty: its writer died before its first record, or someone emptied it");
    }
    for (const SegmentDamage& one : reader.damage()) {
      guarded(layout_.segments() / one.segment, [&] { report_damage(one, writers[one.segment]); });
    }
    for (const PassedOver& one : reader.passed_over()) {
      remark((layout_.segments() / one.segment).string(),
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
      return damage(segment.string(), describe_damage(segment, one));
    }
    const std::string where = fmt::format("{}:{}", segment.string(), one.offset);
    if (one.kind == DamageKind::kDamaged) {
      return damage(where,
                    describe_damage(segment, one) +
                        "; the next run trains again what is not recorded as done any more");
    }
    Liveness owner = Liveness::kUnknown;
    if (writer && writer->process) owner = liveness(*writer->process);
    if (owner == Liveness::kAlive) return;  // being written at this moment
    const bool cut_off = one.reason.find("cut off") != std::string::npos;
    if (!cut_off) return damage(where, "the segment's end, " + describe_damage(segment, one));
    remark(where,
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
      damage(
          "trial " + place.first.text(),
          fmt::format(
              "attempt {} is recorded as done {} times; it should be once", place.second, count));
    }
    for (const auto& [id, record] : records_) {
      for (const auto& [number, attempt] : record.attempts) {
        if (attempt.state != kSuperseded) continue;
        remark("trial " + id.text(),
               fmt::format("attempt {} said that it was done after attempt {} had taken over; what "
                           "it wrote does not count",
                           number,
                           record.highest_attempt()));
      }
      if (!known_trials_.contains(id)) {
        damage("trial " + id.text(),
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
    guarded(folder / SweepLayout::kWeights, [&] {
      if (!trained.weights_sha256.empty()) check_weights(id, trained.weights_sha256);
    });
    guarded(folder / SweepLayout::kBestWeights, [&] { check_best_weights(id); });
    guarded(folder / SweepLayout::kClassVectors, [&] {
      if (!trained.class_vectors_sha256.empty()) {
        check_class_vectors(id, trained.class_vectors_sha256);
      }
    });
  }

  void check_weights(const TrialId& id, const std::string& recorded) {
    const auto file = layout_.weights(id);
    if (!is_there(file)) {
      return damage(file.string(),
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
    const SafetensorsFile drawn(MappedFile(file, Links::kRefuse), file.string());
    const auto told = drawn.metadata().find("sha256");
    if (told != drawn.metadata().end() && told->second == recorded) return;
    damage(file.string(),
           fmt::format("holds other class vectors than the record of trial {} says", id));
  }

  void check_store() {
    guarded(layout_.root() / "results.sqlite", [&] {
      const auto database = results_database(layout_.root());
      // The next reading command builds it; none can, without the sweep's name.
      if (!is_there(database) || !has_settings_) return;
      const ResultsStore store(layout_.root(),
                               std::make_shared<SqliteDialect>(database, kLockSeconds));
      check_integrity(store, database.string());
      if (!check_schema(store)) return;
      note_lost(store.lost());
      if (!store.is_current()) {
        if (report_.is_sound()) check_what_it_would_become(store);
        return;
      }
      check_rows(store, store.place());
      for (const auto& [id, place] : best_weights_) check_recorded(store, id, place);
    });
  }

  // The next reading command brings it up to date, but does not look again at what it has read.
  void check_what_it_would_become(const ResultsStore& store) {
    const ScratchDatabase copy;
    store.query([&](soci::session& sql) { sqlite_copy(sql, copy.path()); });
    check_rows(synced(copy.path()), store.place());
  }

  /// Whether the database has all that this version of headway creates. What users add is theirs.
  bool check_schema(const ResultsStore& store) {
    const auto memory = SqliteDialect::in_memory();
    const auto fresh = memory->open();
    create_schema(*fresh, *memory);
    std::vector<SqliteObject> found;
    store.query([&](soci::session& sql) { found = sqlite_objects(sql); });
    bool is_whole = true;
    for (const SqliteObject& wanted : sqlite_objects(*fresh)) {
      const auto same = std::ranges::find(found, wanted.name, &SqliteObject::name);
      if (same != found.end() && *same == wanted) continue;
      is_whole = false;
      damage(store.place(),
             fmt::format("its {} '{}' {}; 'headway fsck {} --rebuild' builds it anew",
                         wanted.type,
                         wanted.name,
                         same == found.end() ? "is missing" : "is not as headway creates it",
                         layout_.root().string()));
    }
    return is_whole;
  }

  void check_recorded(const ResultsStore& store, const TrialId& id, const BestWeights& place) {
    guarded(layout_.best_weights(id),
            [&] { expect_recorded(place, store, id, layout_.best_weights(id)); });
  }

  void check_integrity(const ResultsStore& store, const std::string& database) {
    store.query([&](soci::session& sql) {
      for (const std::string& error : sqlite_integrity_errors(sql)) damage(database, error);
    });
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
        remark(segment, lost.text() + "; the loss was accepted");
      } else if (!lost.trials.empty() && is_made_good) {
        remark(segment, lost.text() + "; recorded as done all the same");
      } else {
        damage(segment,
               fmt::format("{}; put the file back, or let the next run train again what is not "
                           "recorded as done any more; 'headway fsck {} --rebuild' accepts the "
                           "loss",
                           lost.text(),
                           layout_.root().string()));
      }
    }
  }

  // Against a store built anew beside it. What a run records meanwhile may be in one of both and
  // not yet in the other.
  void check_rows(const ResultsStore& store, const std::string& place) {
    const ScratchDatabase fresh;
    for (int time = 0; time < kMostComparisons; ++time) {
      const ResultsStore anew = synced(fresh.path());
      if (!store.has_read_the_same_as(anew)) continue;
      std::vector<TableDifference> different;
      store.query([&](soci::session& sql) {
        different = sqlite_differences(sql, fresh.path(), PublicRows::tables());
      });
      if (!store.has_read_the_same_as(anew)) continue;
      for (const TableDifference& one : different) report_difference(place, one);
      return;
    }
  }

  // Its troubles are the checker's own.
  ResultsStore synced(const std::filesystem::path& file) const {
    try {
      ResultsStore store(layout_.root(), std::make_shared<SqliteDialect>(file));
      store.sync();
      return store;
    } catch (const std::runtime_error& error) {
      throw EnvironmentError(
          fmt::format("its rows could not be compared with the segments: {}", error.what()));
    }
  }

  void report_difference(const std::string& place, const TableDifference& one) {
    damage(place,
           fmt::format("{} rows of table {} are not what the segments say; 'headway fsck {} "
                       "--rebuild' builds it anew",
                       one.rows,
                       one.table,
                       layout_.root().string()));
  }

  SweepLayout layout_;
  FsckOptions options_;
  FsckReport report_;
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
  if (!is_there(SweepLayout(sweep_directory).trials_file())) {
    throw ConfigError(
        fmt::format("no sweep in '{}': there is no trials.jsonl", sweep_directory.string()));
  }
  return Check(sweep_directory, options).run();
}

}  // namespace headway
