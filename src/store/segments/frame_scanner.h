#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headway {

/// What a piece of a segment is.
struct ScannedPiece {
  enum class Kind {
    kRecord,   // framed well
    kDamaged,  // no record, with good records behind it
    kTail,     // no record, to the end
  };
  Kind kind = Kind::kRecord;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::string_view json;    // kRecord; valid until the next piece
  const char* reason = "";  // otherwise: what is wrong
};

/// Cuts a segment into its records and what is none, from one place to another. Takes memory for
/// little more than one record, and time in proportion to the bytes that lie there, whatever they
/// are; holes of a sparse file cost nothing.
class FrameScanner {
 public:
  static constexpr std::size_t kChunkBytes = std::size_t{4} << 20;

  /// `fd` must stay open.
  FrameScanner(int fd,
               std::uint64_t begin,
               std::uint64_t end,
               std::size_t chunk_bytes = kChunkBytes)
      : fd_(fd), begin_(begin), end_(end), read_to_(begin), chunk_bytes_(chunk_bytes) {}

  /// Nothing at the end.
  std::optional<ScannedPiece> next();

 private:
  std::string_view rest() const { return std::string_view(buffer_).substr(used_); }
  std::uint64_t place() const { return read_to_ - rest().size(); }
  bool at_end() const { return read_to_ >= end_; }
  void read_more();
  void skip_hole();
  void begin_damage(const char* reason);
  std::optional<ScannedPiece> next_behind_damage();
  bool go_to_next_candidate();
  bool may_check() const;
  ScannedPiece end_of_damage(ScannedPiece::Kind kind);

  int fd_;
  std::uint64_t begin_;
  std::uint64_t end_;
  std::uint64_t read_to_;
  std::size_t chunk_bytes_;    // read at a time
  std::string buffer_;         // up to read_to_
  std::size_t used_ = 0;       // of the buffer
  char before_ = '\0';         // the byte in front of rest()
  std::uint64_t checked_ = 0;  // bytes in false candidates
  // While looking for the end of damage:
  std::optional<std::uint64_t> damage_;  // where it begins
  const char* reason_ = "";
  std::uint64_t claimed_next_ = 0;  // where the damaged record says that the next one begins
};

}  // namespace headway
