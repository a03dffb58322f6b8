#include "store/sql/lost_segments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <soci/soci.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/json.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "store/segments/record_json.h"
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
          nlohmann::json(lost.trials).dump()};
}

LostRecords lost_of(const LostSegmentRow& row) {
  LostRecords lost;
  lost.segment = row.segment;
  lost.bytes = static_cast<std::uint64_t>(row.read_to);
  if (!row.writer.empty()) lost.writer = read_record<WriterRecord>(parse_json(row.writer));
  lost.trials = parse_json(row.trials).get<std::vector<TrialId>>();
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
        std::error_code gone;
        const auto size = std::filesystem::file_size(folder / row.segment, gone);
        if (!gone) lost.size = size;
        if (lost.size.value_or(0) < lost.bytes) result.push_back(std::move(lost));
      });
  return result;
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
  const std::string what = size ? fmt::format("has {} bytes; it had {}", *size, bytes) : "is gone";
  const bool is_of_worker = writer && !writer->group.empty();
  const std::string told = is_of_worker && trials.empty() ? "no trial"
                           : trials.empty()               ? "requests and ends of attempts"
                                                          : trials_text(trials);
  return fmt::format("segment {}{} {}, and told of {}", segment, writer_text(writer), what, told);
}

std::vector<LostRecords> lost_records(const SqlScope& scope,
                                      const std::filesystem::path& sweep_directory) {
  std::vector<LostRecords> result = noted(scope, sweep_directory);
  const auto lost = SegmentReader(sweep_directory, stored_positions(scope)).lost();
  if (lost.empty()) return result;
  const TrialsOfGroup trials = trials_of_groups(scope);
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
  return result;
}

void store_lost_records(const SqlScope& scope, const std::vector<LostRecords>& lost) {
  scope.sql << "DELETE FROM store_lost_segments WHERE sweep = :sweep", soci::use(scope.sweep);
  SqlWriter<LostSegmentRow> writer(scope);
  for (const LostRecords& one : lost) writer.write(row_of(one, scope.sweep));
}

}  // namespace headway
