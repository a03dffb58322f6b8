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

/// Where the next whole frame begins after a bad one at the beginning of `text`; npos when none
/// follows. The search goes from line to line, so damage never hides the records behind it.
std::size_t next_whole_frame(std::string_view text);

}  // namespace headway
