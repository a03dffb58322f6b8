#include "store/segments/segment_reader.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/sweep_layout.h"
#include "store/segments/frame_scanner.h"
#include "store/segments/record_json.h"
#include "store/segments/segment_name.h"

namespace headway {
namespace {

struct FileSize {
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
};

// Times are compared for equality alone, so those after 2262, which do not fit, may wrap around.
FileSize size_from(const struct stat& info) {
  const auto seconds = static_cast<std::uint64_t>(info.st_mtim.tv_sec);
  const auto nanoseconds = static_cast<std::uint64_t>(info.st_mtim.tv_nsec);
  return {static_cast<std::uint64_t>(info.st_size),
          static_cast<std::int64_t>(seconds * 1'000'000'000 + nanoseconds)};
}

FileSize size_of(int fd, const std::filesystem::path& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw_errno("fstat", path.string());
  return size_from(info);
}

bool is_as_read(const FileSize& size, const SegmentPosition& position) {
  return size.bytes == position.size && size.modified_ns == position.modified_ns;
}

/// What stands in the folder of segments.
struct Listing {
  std::map<std::string, FileSize> segments;  // by file name
  std::vector<SegmentDamage> no_files;
};

void list(const std::filesystem::path& path, Listing& listing) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return;  // gone since
    throw_errno("lstat", path.string());
  }
  const std::string name = path.filename().string();
  if (S_ISREG(info.st_mode)) {
    listing.segments[name] = size_from(info);
    return;
  }
  listing.no_files.push_back(
      {name,
       0,
       0,
       DamageKind::kNoFile,
       fmt::format("found {}, expected a regular file", kind_of_file(info.st_mode))});
}

// Nothing when the folder does not exist yet: no record was written.
Listing list_segments(const std::filesystem::path& directory) {
  Listing listing;
  std::error_code absent;
  for (std::filesystem::directory_iterator entry(directory, absent), end; entry != end;
       entry.increment(absent)) {
    if (is_segment_name(entry->path().filename().native())) list(entry->path(), listing);
  }
  if (absent && absent != std::errc::no_such_file_or_directory) {
    errno = absent.value();
    throw_errno("opendir", directory.string());
  }
  return listing;
}

}  // namespace

SegmentReader::SegmentReader(std::filesystem::path sweep_directory,
                             std::vector<SegmentPosition> positions)
    : directory_(SweepLayout(std::move(sweep_directory)).segments()) {
  for (SegmentPosition& position : positions) {
    const std::string name = position.segment;
    segments_[name].position = std::move(position);
  }
}

bool SegmentReader::has_news() const {
  for (const auto& [name, size] : list_segments(directory_).segments) {
    const auto known = segments_.find(name);
    if (known == segments_.end() || !is_as_read(size, known->second.position)) return true;
  }
  return false;
}

std::vector<LostSegment> SegmentReader::lost() const {
  const Listing now = list_segments(directory_);
  std::vector<LostSegment> lost;
  for (const auto& [name, segment] : segments_) {
    const auto found = now.segments.find(name);
    if (found == now.segments.end()) {
      lost.push_back({segment.position});
    } else if (found->second.bytes < segment.position.offset) {
      lost.push_back({segment.position, found->second.bytes});
    }
  }
  return lost;
}

std::vector<SegmentDamage> SegmentReader::no_files() const {
  return list_segments(directory_).no_files;
}

void SegmentReader::poll(const Consumer& consume) {
  const Listing now = list_segments(directory_);
  for (const auto& [name, size] : now.segments) {
    Segment& segment = segments_[name];
    segment.position.segment = name;
    if (!is_as_read(size, segment.position)) read_segment(segment, consume);
  }
  collect_damage(now.no_files);
}

std::vector<SegmentPosition> SegmentReader::positions() const {
  std::vector<SegmentPosition> result;
  for (const auto& [name, segment] : segments_) result.push_back(segment.position);
  return result;
}

void SegmentReader::read_segment(Segment& segment, const Consumer& consume) {
  SegmentPosition& position = segment.position;
  const std::filesystem::path path = directory_ / position.segment;
  const FileDescriptor file = open_regular(path, Links::kRefuse);
  const FileSize size = size_of(file.native(), path);
  std::erase_if(segment.damage, [](const auto& one) { return one.kind == DamageKind::kTornTail; });
  if (size.bytes < position.offset) {
    segment.damage.push_back({position.segment,
                              size.bytes,
                              position.offset - size.bytes,
                              DamageKind::kDamaged,
                              "the segment is shorter than what was read of it before"});
    position.offset = size.bytes;
  }
  FrameScanner scanner(file.native(), position.offset, size.bytes);
  while (const auto piece = scanner.next()) {
    if (piece->kind == ScannedPiece::Kind::kRecord) {
      consume_record(segment, piece->json, consume);
    } else {
      const bool is_tail = piece->kind == ScannedPiece::Kind::kTail;
      segment.damage.push_back({position.segment,
                                piece->offset,
                                piece->bytes,
                                is_tail ? DamageKind::kTornTail : DamageKind::kDamaged,
                                piece->reason});
      if (is_tail) break;  // read again when it has grown
    }
    position.offset = piece->offset + piece->bytes;
  }
  position.size = size.bytes;
  position.modified_ns = size.modified_ns;
}

void SegmentReader::consume_record(Segment& segment,
                                   std::string_view text,
                                   const Consumer& consume) {
  SegmentPosition& position = segment.position;
  try {
    nlohmann::json json = parse_json(text);
    if (json.at("kind") == WriterRecord::kKind) position.writer = read_record<WriterRecord>(json);
    if (understands(segment, json))
      consume({std::move(json), position.segment, position.offset, position.writer});
  } catch (const nlohmann::json::exception& error) {
    segment.damage.push_back({position.segment,
                              position.offset,
                              text.size(),
                              DamageKind::kDamaged,
                              fmt::format("not a record: {}", error.what())});
  }
}

// Whether to hand the record on; keeps book of what is not understood.
bool SegmentReader::understands(Segment& segment, const nlohmann::json& json) {
  const auto& writer = segment.position.writer;
  if (writer && writer->record_version > kRecordVersion) {
    const std::string what =
        fmt::format("all records: they are of version {}, this headway reads {}",
                    writer->record_version,
                    kRecordVersion);
    ++segment.passed_over[what];
    return false;
  }
  static const std::vector<std::string> kKnown = RecordKinds::kinds();
  const auto kind = json.at("kind").get<std::string>();
  if (std::find(kKnown.begin(), kKnown.end(), kind) == kKnown.end()) {
    ++segment.passed_over[fmt::format("records of kind '{}'", kind)];
  }
  return true;
}

std::vector<PassedOver> SegmentReader::passed_over() const {
  std::vector<PassedOver> result;
  for (const auto& [name, segment] : segments_) {
    for (const auto& [what, records] : segment.passed_over) {
      result.push_back({name, what, records});
    }
  }
  return result;
}

void SegmentReader::collect_damage(const std::vector<SegmentDamage>& no_files) {
  damage_ = no_files;
  for (const auto& [name, segment] : segments_) {
    damage_.insert(damage_.end(), segment.damage.begin(), segment.damage.end());
  }
}

}  // namespace headway
