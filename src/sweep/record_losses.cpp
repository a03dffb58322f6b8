#include "sweep/record_losses.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "store/sql/sqlite_dialect.h"
#include "sweep/claim_check.h"

namespace headway {
namespace {

constexpr int kAtOnce = 0;  // seconds for a lock

std::vector<std::string> lines_of(const std::vector<LostRecords>& lost,
                                  const std::filesystem::path& sweep_directory) {
  std::vector<std::string> lines;
  for (const LostRecords& one : lost) {
    if (one.is_open()) lines.push_back(printable(one.text()));
  }
  for (const SegmentDamage& one : SegmentReader(sweep_directory).no_files()) {
    if (std::ranges::find(lost, one.segment, &LostRecords::segment) != lost.end()) continue;
    lines.push_back(printable(fmt::format("segment {}: {}", one.segment, one.reason)));
  }
  return lines;
}

}  // namespace

std::vector<LostRecords> known_losses(ResultsStore& store) {
  if (store.knows_earlier_losses()) return store.lost();
  const std::vector<LostRecords> by_claims = lost_by_claims(store.sweep_directory());
  try {
    store.note_losses(by_claims);
  } catch (const DatabaseError&) {
    // It cannot be written, so the claims are asked the next time, too.
  } catch (const DiskFullError&) {
  }
  return merged(by_claims, store.lost());
}

std::vector<std::string> record_losses(ResultsStore& store) {
  return lines_of(known_losses(store), store.sweep_directory());
}

std::vector<std::string> record_losses(const std::filesystem::path& sweep_directory) {
  std::vector<LostRecords> lost;
  try {
    const auto database = results_database(sweep_directory);
    if (is_there(database)) {
      const ResultsStore store(sweep_directory, std::make_shared<SqliteDialect>(database, kAtOnce));
      lost = store.lost();
      if (store.knows_earlier_losses()) return lines_of(lost, sweep_directory);
    }
  } catch (const EnvironmentError&) {
    // Locked, damaged, of a newer headway: the claims know most.
  }
  return lines_of(merged(lost_by_claims(sweep_directory), std::move(lost)), sweep_directory);
}

}  // namespace headway
