#include "store/segments/record_framing.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace headway {
namespace {

TEST(RecordFraming, frames_with_the_length_and_the_crc_32_that_the_standard_gives) {
  // The check value of CRC-32 (ISO-HDLC) is cbf43926 over "123456789".
  EXPECT_EQ(frame_record("123456789"), "00000009 cbf43926 123456789\n");
}

TEST(RecordFraming, reads_back_what_it_framed) {
  const std::string text = frame_record(R"({"kind":"metrics"})") + "rest";
  const Frame frame = read_frame(text);
  EXPECT_EQ(frame.status, FrameStatus::kWhole);
  EXPECT_EQ(frame.json, R"({"kind":"metrics"})");
  EXPECT_EQ(frame.bytes, text.size() - 4);
}

TEST(RecordFraming, refuses_to_frame_two_lines_as_one_record) {
  EXPECT_THROW(frame_record("{\n}"), std::logic_error);
}

TEST(RecordFraming, every_proper_beginning_of_a_frame_is_incomplete) {
  const std::string text = frame_record(R"({"a":1})");
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(read_frame(text.substr(0, size)).status, FrameStatus::kIncomplete) << size;
  }
}

TEST(RecordFraming, no_flipped_bit_passes_as_a_whole_record) {
  const std::string text = frame_record(R"({"kind":"metrics","value":0.5})");
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(read_frame(damaged).status, FrameStatus::kWhole) << "bit " << bit;
  }
}

TEST(RecordFraming, a_header_tells_how_long_its_record_is_when_that_is_possible) {
  const std::string text = frame_record(R"({"a":1})");
  EXPECT_EQ(claimed_bytes(text), text.size());
  EXPECT_EQ(claimed_bytes(text.substr(0, 18)), text.size());
  EXPECT_EQ(claimed_bytes(text.substr(0, 17)), 0U);
  EXPECT_EQ(claimed_bytes("ffffffff 00000000 {}\n"), 0U);
  EXPECT_EQ(claimed_bytes("0000000A 00000000 {}\n"), 0U);
  EXPECT_TRUE(could_begin_frame(""));
  EXPECT_TRUE(could_begin_frame("0000000a 0"));
  EXPECT_FALSE(could_begin_frame("\n"));
}

}  // namespace
}  // namespace headway
