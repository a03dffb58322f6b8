#include "store/sql/segment_sync.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <soci/soci.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/logging.h"
#include "store/segments/record_json.h"
#include "store/sql/damaged_row.h"
#include "store/sql/rows.h"
#include "store/sql/sql_record.h"
#include "store/sql/trial_sync.h"

namespace headway {
namespace {

SegmentRow row_of(const SegmentPosition& position, const std::string& sweep) {
  return {sweep,
          position.segment,
          static_cast<std::int64_t>(position.offset),
          static_cast<std::int64_t>(position.size),
          position.modified_ns,
          position.writer ? record_json(*position.writer).dump() : ""};
}

SegmentPosition position_of(const SegmentRow& row) {
  SegmentPosition position{segment_cell("store_segments.segment", row.segment),
                           static_cast<std::uint64_t>(row.read_to),
                           static_cast<std::uint64_t>(row.size),
                           row.modified_ns};
  if (!row.writer.empty()) {
    position.writer =
        read_cell("store_segments.writer", row.writer, [](const nlohmann::json& json) {
          return read_record<WriterRecord>(json);
        });
  }
  return position;
}

DamageRow row_of(const SegmentDamage& damage, const std::string& sweep) {
  return {sweep,
          damage.segment,
          static_cast<std::int64_t>(damage.offset),
          static_cast<std::int64_t>(damage.bytes),
          damage.kind == DamageKind::kTornTail ? 1 : 0,
          damage.reason};
}

SegmentDamage damage_of(const DamageRow& row) {
  return {segment_cell("store_damage.segment", row.segment),
          static_cast<std::uint64_t>(row.start),
          static_cast<std::uint64_t>(row.bytes),
          row.is_torn_tail != 0 ? DamageKind::kTornTail : DamageKind::kDamaged,
          row.reason};
}

void store_positions(const SqlScope& scope,
                     const std::vector<SegmentPosition>& positions,
                     const std::vector<SegmentPosition>& before) {
  std::unordered_map<std::string, const SegmentPosition*> known;
  for (const SegmentPosition& position : before) known[position.segment] = &position;
  SqlWriter<SegmentRow> writer(scope);
  for (const SegmentPosition& position : positions) {
    const auto found = known.find(position.segment);
    const bool is_same = found != known.end() && found->second->size == position.size &&
                         found->second->modified_ns == position.modified_ns;
    if (is_same) continue;
    writer.write(row_of(position, scope.sweep));
    scope.sql << "DELETE FROM store_damage "
                 "WHERE sweep = :sweep AND segment = :segment AND is_torn_tail = 1",
        soci::use(scope.sweep), soci::use(position.segment);
  }
}

}  // namespace

std::vector<SegmentPosition> stored_positions(const SqlScope& scope) {
  std::vector<SegmentPosition> positions;
  SqlReader<SegmentRow>(scope.sql, kOfSweep, 1).each({scope.sweep}, [&](const SegmentRow& row) {
    positions.push_back(position_of(row));
  });
  return positions;
}

std::vector<SegmentDamage> stored_damage(const SqlScope& scope) {
  std::vector<SegmentDamage> result;
  SqlReader<DamageRow>(scope.sql, std::string(kOfSweep) + "ORDER BY segment, start", 1)
      .each({scope.sweep}, [&](const DamageRow& row) { result.push_back(damage_of(row)); });
  return result;
}

std::string readable_records() {
  return fmt::format("{}: {}", kRecordVersion, fmt::join(RecordKinds::kinds(), " "));
}

void sync_segments(const SqlScope& scope, const std::filesystem::path& sweep_directory) {
  const std::vector<SegmentPosition> before = stored_positions(scope);
  SegmentReader reader(sweep_directory, before);
  TrialSync trials(scope);
  reader.poll([&](const SegmentRecord& record) { trials.take(record); });
  trials.finish();
  store_positions(scope, reader.positions(), before);
  SqlWriter<DamageRow> write_damage(scope);
  for (const SegmentDamage& damage : reader.damage()) {
    if (damage.kind == DamageKind::kNoFile) continue;  // looked for each time
    write_damage.write(row_of(damage, scope.sweep));
  }
  for (const PassedOver& one : reader.passed_over()) {
    log_warning(
        "{}: {} passed over ({}); a newer headway wrote them", one.segment, one.records, one.what);
  }
}

}  // namespace headway
