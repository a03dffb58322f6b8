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

TEST(RecordFraming, finds_the_next_record_behind_any_flipped_bit) {
  const std::string first = frame_record(R"({"kind":"metrics","value":0.5})");
  const std::string second = frame_record(R"({"kind":"attempt_finished"})");
  for (std::size_t bit = 0; bit < first.size() * 8; ++bit) {
    std::string damaged = first;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(next_whole_frame(damaged + second), first.size()) << "bit " << bit;
  }
}

TEST(RecordFraming, finds_nothing_behind_a_damaged_end) {
  EXPECT_EQ(next_whole_frame(std::string(100, '\0')), std::string_view::npos);
  EXPECT_EQ(next_whole_frame("00000007 00000000 {\"a\":1}\n"), std::string_view::npos);
}

}  // namespace
}  // namespace headway
