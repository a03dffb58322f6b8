#include "store/sql/lost_segments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <soci/soci.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/errors.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "store/segments/record_json.h"
#include "store/sql/damaged_row.h"
#include "store/sql/rows.h"
#include "store/sql/segment_sync.h"
#include "store/sql/sql_record.h"

namespace headway {
namespace {

constexpr std::size_t kMostNamedTrials = 10;

using TrialsOfGroup = std::unordered_map<std::string, std::vector<TrialId>>;

TrialsOfGroup trials_of_groups(const SqlScope& scope) {
  TrialsOfGroup trials;
  SqlReader<OfTrial<AttemptRecord>>(
      scope.sql, std::string(kOfSweep) + "ORDER BY trial_id, attempt", 1)
      .each({scope.sweep}, [&](const OfTrial<AttemptRecord>& row) {
        auto& of_group = trials[row.record.worker_group];
        const auto id = TrialId::from(row.trial_id);
        if (id && (of_group.empty() || of_group.back() != *id)) of_group.push_back(*id);
      });
  return trials;
}

LostSegmentRow row_of(const LostRecords& lost, const std::string& sweep) {
  return {sweep,
          lost.segment,
          static_cast<std::int64_t>(lost.bytes),
          lost.writer ? record_json(*lost.writer).dump() : "",
          nlohmann::json(lost.trials).dump(),
          lost.is_accepted ? 1 : 0};
}

LostRecords lost_of(const LostSegmentRow& row) {
  LostRecords lost;
  lost.segment = segment_cell("store_lost_segments.segment", row.segment);
  lost.bytes = static_cast<std::uint64_t>(row.read_to);
  if (!row.writer.empty()) {
    lost.writer =
        read_cell("store_lost_segments.writer", row.writer, [](const nlohmann::json& json) {
          return read_record<WriterRecord>(json);
        });
  }
  lost.trials = read_cell("store_lost_segments.trials", row.trials, [](const nlohmann::json& json) {
    return json.get<std::vector<TrialId>>();
  });
  lost.is_accepted = row.is_accepted != 0;
  return lost;
}

// Those noted before that are still not whole.
std::vector<LostRecords> noted(const SqlScope& scope,
                               const std::filesystem::path& sweep_directory) {
  std::vector<LostRecords> result;
  const auto folder = SweepLayout(sweep_directory).segments();
  SqlReader<LostSegmentRow>(scope.sql, std::string(kOfSweep) + "ORDER BY segment", 1)
      .each({scope.sweep}, [&](const LostSegmentRow& row) {
        LostRecords lost = lost_of(row);
        lost.size = segment_size(folder / row.segment);
        if (lost.size.value_or(0) < lost.bytes) result.push_back(std::move(lost));
      });
  return result;
}

void take_stock(const SqlScope& scope,
                const std::filesystem::path& sweep_directory,
                std::vector<LostRecords>& all) {
  const auto folder = SweepLayout(sweep_directory).segments();
  SqlReader<TrialRow> read_trial(scope.sql, kOfTrial, 2);
  const auto is_done = [&](const TrialId& id) {
    bool done = false;
    read_trial.each({scope.sweep, id.text()},
                    [&](const TrialRow& row) { done = row.state == "done"; });
    return done;
  };
  for (LostRecords& lost : all) {
    lost.is_replaced = !lost.size && std::filesystem::exists(
                                         std::filesystem::symlink_status(folder / lost.segment));
    lost.is_made_good = !lost.trials.empty() && std::ranges::all_of(lost.trials, is_done);
  }
}

std::string writer_text(const std::optional<WriterRecord>& writer) {
  if (!writer) return "";
  const std::string host = writer->process ? " on host " + writer->process->host : "";
  return writer->group.empty()
             ? fmt::format(
                   ", of a {}{},", writer->role == "command" ? "command" : writer->role, host)
             : fmt::format(", of worker group '{}'{},", writer->group, host);
}

std::string trials_text(const std::vector<TrialId>& trials) {
  const std::size_t named = std::min(trials.size(), kMostNamedTrials);
  const std::vector<std::string> ids(trials.begin(),
                                     trials.begin() + static_cast<std::ptrdiff_t>(named));
  return fmt::format(
      "{} {}{}",
      trials.size() == 1 ? "trial" : "trials",
      fmt::join(ids, ", "),
      trials.size() > named ? fmt::format(" and {} more", trials.size() - named) : "");
}

}  // namespace

std::string LostRecords::text() const {
  const std::string what = size          ? fmt::format("has {} bytes; it had {}", *size, bytes)
                           : is_replaced ? "is no regular file any more"
                                         : "is gone";
  const bool is_of_worker = writer && !writer->group.empty();
  const std::string told = is_of_worker && trials.empty() ? "no trial"
                           : trials.empty()               ? "requests and ends of attempts"
                                                          : trials_text(trials);
  return fmt::format("segment {}{} {}, and told of {}", segment, writer_text(writer), what, told);
}

std::optional<std::uint64_t> segment_size(const std::filesystem::path& segment) {
  struct stat info {};
  if (::lstat(segment.c_str(), &info) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw_errno("lstat", segment.string());
  }
  if (!S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

std::vector<LostRecords> merged(std::vector<LostRecords> known, std::vector<LostRecords> more) {
  for (LostRecords& one : more) {
    const auto same = std::ranges::find(known, one.segment, &LostRecords::segment);
    if (same == known.end()) {
      known.push_back(std::move(one));
    } else if (one.bytes > same->bytes || (one.is_accepted && one.bytes == same->bytes)) {
      *same = std::move(one);
    }
  }
  return known;
}

std::vector<LostRecords> lost_records(const SqlScope& scope,
                                      const std::filesystem::path& sweep_directory) {
  std::vector<LostRecords> result = noted(scope, sweep_directory);
  const auto lost = SegmentReader(sweep_directory, stored_positions(scope)).lost();
  const TrialsOfGroup trials = lost.empty() ? TrialsOfGroup() : trials_of_groups(scope);
  for (const LostSegment& one : lost) {
    std::erase_if(result, [&](const LostRecords& known) {
      return known.segment == one.position.segment && known.bytes <= one.position.offset;
    });
    LostRecords records{.segment = one.position.segment,
                        .bytes = one.position.offset,
                        .size = one.size,
                        .writer = one.position.writer,
                        .trials = {}};
    const std::string group = records.writer ? records.writer->group : "";
    const auto found = trials.find(group);
    if (!group.empty() && found != trials.end()) records.trials = found->second;
    result.push_back(std::move(records));
  }
  take_stock(scope, sweep_directory, result);
  return result;
}

void store_lost_records(const SqlScope& scope, const std::vector<LostRecords>& lost) {
  scope.sql << "DELETE FROM store_lost_segments WHERE sweep = :sweep", soci::use(scope.sweep);
  SqlWriter<LostSegmentRow> writer(scope);
  for (const LostRecords& one : lost) writer.write(row_of(one, scope.sweep));
}

}  // namespace headway
