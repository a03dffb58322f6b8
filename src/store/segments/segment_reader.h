#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "store/segments/records.h"

namespace headway {

struct SegmentRecord {
  nlohmann::json json;
  std::string_view segment;  // file name; valid during the call
  std::uint64_t offset = 0;
  const std::optional<WriterRecord>& writer;  // of the segment; absent when that one is damaged

  std::string kind() const { return json.value("kind", ""); }
  std::string at() const { return json.value("at", ""); }
  /// Of the trial that the record is about; nothing when it is about none.
  std::optional<TrialId> trial_id() const {
    const auto found = json.find("trial_id");
    return found == json.end() ? std::nullopt : std::optional(found->get<TrialId>());
  }
};

enum class DamageKind {
  kDamaged,   // bytes that frame no record, with good records behind them
  kTornTail,  // the end of a segment: being written now, or cut off when its writer died
  kNoFile,    // a directory, pipe, link, ... where a segment should be
};

struct SegmentDamage {
  std::string segment;  // file name
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  DamageKind kind = DamageKind::kDamaged;
  std::string reason;

  bool operator==(const SegmentDamage&) const = default;
};

/// Sound records that this program does not understand: a newer one wrote them.
struct PassedOver {
  std::string segment;  // file name
  std::string what;     // "records of kind 'x'", "all records (version 2; ...)"
  std::int64_t records = 0;

  bool operator==(const PassedOver&) const = default;
};

/// How far one segment has been read.
struct SegmentPosition {
  std::string segment;  // file name
  std::uint64_t offset = 0;
  std::uint64_t size = 0;        // of the file when it was last read
  std::int64_t modified_ns = 0;  // likewise
  std::optional<WriterRecord> writer = {};
};

/// A segment of which more was read once than is there now.
struct LostSegment {
  SegmentPosition position;                // as it was then
  std::optional<std::uint64_t> size = {};  // now; nothing when it is gone
};

/// Reads the records of all segments of a sweep, each record once. Segments that did not grow cost
/// one stat call. Damage is skipped, never taken for a record, and reported; so is what is no file.
class SegmentReader {
 public:
  using Consumer = std::function<void(const SegmentRecord&)>;

  /// Goes on from `positions` of an earlier reader.
  explicit SegmentReader(std::filesystem::path sweep_directory,
                         std::vector<SegmentPosition> positions = {});

  /// Whether poll would read anything.
  bool has_news() const;
  /// Segments that were read before and are gone or shorter now: what was read of them stands for
  /// nothing any more.
  std::vector<LostSegment> lost() const;
  /// What stands among the segments and is no file, as of now.
  std::vector<SegmentDamage> no_files() const;
  /// Hands every new record to `consume`, segment by segment. A json exception of `consume` counts
  /// as damage of that record.
  void poll(const Consumer& consume);
  /// All found by this reader; torn tails as of the last poll.
  const std::vector<SegmentDamage>& damage() const { return damage_; }
  /// Of the records read by this reader. A segment of a newer version is passed over as a whole;
  /// of another, records of unknown kinds still reach `consume`.
  std::vector<PassedOver> passed_over() const;
  std::vector<SegmentPosition> positions() const;

 private:
  struct Segment {
    SegmentPosition position;
    std::vector<SegmentDamage> damage;
    std::map<std::string, std::int64_t> passed_over;  // what -> records
  };

  void read_segment(Segment& segment, const Consumer& consume);
  void consume_record(Segment& segment, std::string_view text, const Consumer& consume);
  static bool understands(Segment& segment, const nlohmann::json& json);
  void collect_damage(const std::vector<SegmentDamage>& no_files);

  std::filesystem::path directory_;
  std::map<std::string, Segment> segments_;  // by file name
  std::vector<SegmentDamage> damage_;
};

}  // namespace headway
