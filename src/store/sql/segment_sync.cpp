#include "store/sql/segment_sync.h"

#include <soci/soci.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "store/segments/record_json.h"
#include "store/sql/trial_sync.h"

namespace headway {
namespace {

void store_position(soci::session& sql, const SegmentPosition& position) {
  const long long read_to = static_cast<long long>(position.offset);
  const long long size = static_cast<long long>(position.size);
  const long long modified = position.modified_ns;
  const std::string writer = position.writer ? record_json(*position.writer).dump() : "null";
  sql << "INSERT OR REPLACE INTO store_segments (segment, read_to, size, modified_ns, writer) "
         "VALUES (:segment, :read_to, :size, :modified, :writer)",
      soci::use(position.segment), soci::use(read_to), soci::use(size), soci::use(modified),
      soci::use(writer);
  sql << "DELETE FROM store_damage WHERE segment = :segment AND is_torn_tail = 1",
      soci::use(position.segment);
}

void store_damage(soci::session& sql, const SegmentDamage& damage) {
  const long long start = static_cast<long long>(damage.offset);
  const long long bytes = static_cast<long long>(damage.bytes);
  const int is_torn_tail = damage.kind == DamageKind::kTornTail ? 1 : 0;
  sql << "INSERT INTO store_damage (segment, start, bytes, is_torn_tail, reason) "
         "VALUES (:segment, :start, :bytes, :torn, :reason)",
      soci::use(damage.segment), soci::use(start), soci::use(bytes), soci::use(is_torn_tail),
      soci::use(damage.reason);
}

}  // namespace

std::vector<SegmentPosition> stored_positions(soci::session& sql) {
  std::vector<SegmentPosition> positions;
  SegmentPosition position;
  long long read_to = 0;
  long long size = 0;
  long long modified = 0;
  std::string writer;
  soci::statement statement =
      (sql.prepare << "SELECT segment, read_to, size, modified_ns, writer FROM store_segments",
       soci::into(position.segment),
       soci::into(read_to),
       soci::into(size),
       soci::into(modified),
       soci::into(writer));
  statement.execute();
  while (statement.fetch()) {
    position.offset = static_cast<std::uint64_t>(read_to);
    position.size = static_cast<std::uint64_t>(size);
    position.modified_ns = modified;
    const auto json = nlohmann::json::parse(writer);
    position.writer.reset();
    if (!json.is_null()) position.writer = read_record<WriterRecord>(json);
    positions.push_back(position);
  }
  return positions;
}

std::vector<SegmentDamage> stored_damage(soci::session& sql) {
  std::vector<SegmentDamage> result;
  SegmentDamage damage;
  long long start = 0;
  long long bytes = 0;
  int is_torn_tail = 0;
  soci::statement statement = (sql.prepare << "SELECT segment, start, bytes, is_torn_tail, reason "
                                              "FROM store_damage ORDER BY segment, start",
                               soci::into(damage.segment),
                               soci::into(start),
                               soci::into(bytes),
                               soci::into(is_torn_tail),
                               soci::into(damage.reason));
  statement.execute();
  while (statement.fetch()) {
    damage.offset = static_cast<std::uint64_t>(start);
    damage.bytes = static_cast<std::uint64_t>(bytes);
    damage.kind = is_torn_tail != 0 ? DamageKind::kTornTail : DamageKind::kDamaged;
    result.push_back(damage);
  }
  return result;
}

void sync_segments(soci::session& sql, const std::filesystem::path& sweep_directory) {
  std::unordered_map<std::string, SegmentPosition> before;
  for (SegmentPosition& position : stored_positions(sql)) {
    before[position.segment] = position;
  }
  SegmentReader reader(sweep_directory, stored_positions(sql));
  TrialSync trials(sql);
  reader.poll([&](const SegmentRecord& record) { trials.take(record); });
  trials.finish();
  for (const SegmentPosition& position : reader.positions()) {
    const auto known = before.find(position.segment);
    const bool is_same = known != before.end() && known->second.size == position.size &&
                         known->second.modified_ns == position.modified_ns;
    if (!is_same) store_position(sql, position);
  }
  for (const SegmentDamage& damage : reader.damage()) store_damage(sql, damage);
}

}  // namespace headway
