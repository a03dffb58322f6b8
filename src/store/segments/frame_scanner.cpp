#include "store/segments/frame_scanner.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/errors.h"
#include "base/limits.h"
#include "store/segments/record_framing.h"

namespace headway {
namespace {

std::size_t read_at(int fd, char* into, std::size_t bytes, std::uint64_t offset) {
  while (true) {
    const ssize_t count = ::pread(fd, into, bytes, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw_errno("pread");
  }
}

}  // namespace

std::optional<ScannedPiece> FrameScanner::next() {
  while (!damage_) {
    if (rest().empty() && at_end()) return std::nullopt;
    const Frame frame = read_frame(rest());
    if (frame.status == FrameStatus::kWhole) {
      const ScannedPiece piece{ScannedPiece::Kind::kRecord, place(), frame.bytes, frame.json, ""};
      used_ += frame.bytes;
      before_ = '\n';
      return piece;
    }
    if (frame.status == FrameStatus::kIncomplete && !at_end()) {
      read_more();
    } else {
      begin_damage(frame.reason);
    }
  }
  return next_behind_damage();
}

void FrameScanner::read_more() {
  buffer_.erase(0, used_);
  used_ = 0;
  const std::size_t kept = buffer_.size();
  const auto wanted = std::min<std::uint64_t>(chunk_bytes_, end_ - read_to_);
  buffer_.resize(kept + wanted);
  const std::size_t count = read_at(fd_, buffer_.data() + kept, wanted, read_to_);
  buffer_.resize(kept + count);
  read_to_ += count;
  if (count == 0) end_ = read_to_;  // cut off by its writer in the meantime
}

// Zeroes hold no record.
void FrameScanner::skip_hole() {
  const off_t data = ::lseek(fd_, static_cast<off_t>(read_to_), SEEK_DATA);
  if (data < 0 && errno != ENXIO) return;  // of a file system that does not tell
  const std::uint64_t next = data < 0 ? end_ : static_cast<std::uint64_t>(data);
  if (next <= read_to_) return;
  read_to_ = std::min(next, end_);
  before_ = '\0';
}

void FrameScanner::begin_damage(const char* reason) {
  damage_ = place();
  reason_ = reason;
  claimed_next_ = place() + claimed_bytes(rest());
}

// A record begins behind a newline, or where the damaged one says, whose newline alone may be bad.
std::optional<ScannedPiece> FrameScanner::next_behind_damage() {
  while (true) {
    if (!go_to_next_candidate()) {
      if (at_end()) return end_of_damage(ScannedPiece::Kind::kTail);
      skip_hole();
      if (!at_end()) read_more();
      continue;
    }
    const Frame frame = read_frame(rest());
    if (frame.status == FrameStatus::kWhole) return end_of_damage(ScannedPiece::Kind::kDamaged);
    if (frame.status == FrameStatus::kIncomplete && !at_end()) {
      read_more();
      continue;
    }
    if (frame.status == FrameStatus::kDamaged) {
      checked_ += std::min<std::uint64_t>(claimed_bytes(rest()), rest().size());
    }
    before_ = rest().front();
    ++used_;
  }
}

// True when rest() begins with one; false when all of the buffer was passed over.
bool FrameScanner::go_to_next_candidate() {
  while (!rest().empty()) {
    const bool may_begin = before_ == '\n' || place() == claimed_next_;
    if (may_begin && place() > *damage_ && claimed_bytes(rest()) != 0 && may_check()) return true;
    if (may_begin && place() > *damage_ && could_begin_frame(rest()) && !at_end()) return true;
    std::size_t next = rest().find('\n');
    next = next == std::string_view::npos ? rest().size() : next + 1;
    if (claimed_next_ > place()) next = std::min<std::size_t>(next, claimed_next_ - place());
    before_ = rest()[next - 1];
    used_ += next;
  }
  return false;
}

// Bytes made to look like records would cost their checksum again and again. In what was written
// as records each byte is part of one candidate.
bool FrameScanner::may_check() const {
  return checked_ <= kLargestRecord + 4 * (place() - begin_);
}

ScannedPiece FrameScanner::end_of_damage(ScannedPiece::Kind kind) {
  const std::uint64_t begin = *std::exchange(damage_, std::nullopt);
  return {kind, begin, place() - begin, {}, reason_};
}

}  // namespace headway
