#include "store/segments/segment_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/sweep_layout.h"
#include "store/segments/record_framing.h"
#include "store/segments/record_json.h"

namespace headway {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{4} << 20;

struct FileSize {
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
};

FileSize size_of(int fd, const std::filesystem::path& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw_errno("fstat", path.string());
  return {static_cast<std::uint64_t>(info.st_size),
          info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
}

bool is_as_read(const std::filesystem::path& path, const SegmentPosition& position) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw_errno("stat", path.string());
  return static_cast<std::uint64_t>(info.st_size) == position.size &&
         info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec == position.modified_ns;
}

std::size_t read_at(int fd, char* into, std::size_t bytes, std::uint64_t offset) {
  while (true) {
    const ssize_t count = ::pread(fd, into, bytes, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw_errno("pread");
  }
}

// Nothing when the folder does not exist yet: no record was written.
std::vector<std::filesystem::path> segment_files(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code absent;
  for (std::filesystem::directory_iterator entry(directory, absent), end; entry != end;
       entry.increment(absent)) {
    if (entry->path().extension() == ".jsonl") files.push_back(entry->path());
  }
  if (absent && absent != std::errc::no_such_file_or_directory) {
    errno = absent.value();
    throw_errno("opendir", directory.string());
  }
  return files;
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
  for (const auto& path : segment_files(directory_)) {
    const auto known = segments_.find(path.filename().string());
    if (known == segments_.end() || !is_as_read(path, known->second.position)) return true;
  }
  return false;
}

bool SegmentReader::lost_records() const {
  return std::any_of(segments_.begin(), segments_.end(), [this](const auto& named) {
    struct stat info {};
    const std::filesystem::path path = directory_ / named.first;
    if (::stat(path.c_str(), &info) != 0) return true;
    return static_cast<std::uint64_t>(info.st_size) < named.second.position.offset;
  });
}

void SegmentReader::poll(const Consumer& consume) {
  bool changed = false;
  for (const auto& path : segment_files(directory_)) {
    Segment& segment = segments_[path.filename().string()];
    segment.position.segment = path.filename().string();
    if (is_as_read(path, segment.position)) continue;
    read_segment(segment, consume);
    changed = true;
  }
  if (changed) collect_damage();
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
  std::string text;
  std::uint64_t read_to = position.offset;
  while (read_to < size.bytes) {
    const std::size_t kept = text.size();
    const auto wanted = std::min<std::uint64_t>(kChunkBytes, size.bytes - read_to);
    text.resize(kept + wanted);
    const std::size_t count = read_at(file.native(), text.data() + kept, wanted, read_to);
    text.resize(kept + count);
    if (count == 0) break;  // cut off by its writer in the meantime
    read_to += count;
    text.erase(0, read_frames(segment, text, read_to == size.bytes, consume));
  }
  position.size = size.bytes;
  position.modified_ns = size.modified_ns;
}

std::size_t SegmentReader::read_frames(Segment& segment,
                                       std::string_view text,
                                       bool at_end,
                                       const Consumer& consume) {
  std::size_t done = 0;
  while (done < text.size()) {
    const std::string_view rest = text.substr(done);
    const Frame frame = read_frame(rest);
    if (frame.status == FrameStatus::kWhole) {
      consume_record(segment, frame.json, consume);
      segment.position.offset += frame.bytes;
      done += frame.bytes;
      continue;
    }
    if (frame.status == FrameStatus::kIncomplete && !at_end) break;
    const std::size_t skipped = skip_damage(segment, rest, at_end, frame.reason);
    if (skipped == 0) break;
    done += skipped;
  }
  return done;
}

// The bytes skipped; 0 when no good record follows (yet): the tail is read again later.
std::size_t SegmentReader::skip_damage(Segment& segment,
                                       std::string_view text,
                                       bool at_end,
                                       std::string reason) {
  const std::size_t next = next_whole_frame(text);
  const bool found = next != std::string_view::npos;
  if (!found && !at_end) return 0;
  segment.damage.push_back({segment.position.segment,
                            segment.position.offset,
                            found ? next : text.size(),
                            found ? DamageKind::kDamaged : DamageKind::kTornTail,
                            std::move(reason)});
  if (!found) return 0;
  segment.position.offset += next;
  return next;
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

void SegmentReader::collect_damage() {
  damage_.clear();
  for (const auto& [name, segment] : segments_) {
    damage_.insert(damage_.end(), segment.damage.begin(), segment.damage.end());
  }
}

}  // namespace headway
