#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headway {

/// `json` (one line of text) as it stands in a segment: length, CRC-32, the JSON, a newline.
std::string frame_record(std::string_view json);

enum class FrameStatus {
  kWhole,       // framed well, CRC right
  kIncomplete,  // the beginning of a frame that may still be being written
  kDamaged,
};

struct Frame {
  FrameStatus status = FrameStatus::kDamaged;
  std::string_view json;    // kWhole: points into the text that was read
  std::size_t bytes = 0;    // kWhole: of the whole frame, newline included
  const char* reason = "";  // kDamaged: what is wrong
};

/// Reads the frame that `text` begins with.
Frame read_frame(std::string_view text);

/// Whether `text` may be the beginning of a frame, as far as its header is there.
bool could_begin_frame(std::string_view text);

/// What the header that `text` begins with says of its frame's size; 0 without one that is
/// possible.
std::size_t claimed_bytes(std::string_view text);

}  // namespace headway
