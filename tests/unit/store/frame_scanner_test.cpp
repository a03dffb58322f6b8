#include "store/segments/frame_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "base/files.h"
#include "base/time.h"
#include "store/segments/record_framing.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using Kind = ScannedPiece::Kind;

/// What was scanned, its text copied.
struct Piece {
  Kind kind = Kind::kRecord;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::string json;

  bool operator==(const Piece&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Piece& piece) {
    return out << static_cast<int>(piece.kind) << " at " << piece.offset << ": " << piece.bytes;
  }
};

class Scanner : public testing::Test {
 protected:
  std::vector<Piece> scan(const std::string& text, std::size_t chunk = FrameScanner::kChunkBytes) {
    std::ofstream(path_, std::ios::binary) << text;
    return scan_file(chunk);
  }
  std::vector<Piece> scan_file(std::size_t chunk = FrameScanner::kChunkBytes) {
    const FileDescriptor file = open_regular(path_);
    FrameScanner scanner(file.native(), 0, std::filesystem::file_size(path_), chunk);
    std::vector<Piece> pieces;
    while (const auto piece = scanner.next()) {
      pieces.push_back({piece->kind, piece->offset, piece->bytes, std::string(piece->json)});
    }
    return pieces;
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "segment";
};

// The same by the definition, of a text that is all there.
std::vector<Piece> pieces_of(const std::string& text) {
  std::vector<Piece> pieces;
  std::size_t place = 0;
  const auto is_whole = [&](std::size_t at) {
    return read_frame(std::string_view(text).substr(at)).status == FrameStatus::kWhole;
  };
  while (place < text.size()) {
    if (is_whole(place)) {
      const Frame frame = read_frame(std::string_view(text).substr(place));
      pieces.push_back({Kind::kRecord, place, frame.bytes, std::string(frame.json)});
      place += frame.bytes;
      continue;
    }
    const std::size_t claimed = claimed_bytes(std::string_view(text).substr(place));
    std::size_t next = place + 1;
    while (next < text.size()) {
      const bool may_begin = text[next - 1] == '\n' || (claimed != 0 && next == place + claimed);
      if (may_begin && is_whole(next)) break;
      ++next;
    }
    const Kind kind = next < text.size() ? Kind::kDamaged : Kind::kTail;
    pieces.push_back({kind, place, next - place, ""});
    place = next;
  }
  return pieces;
}

TEST_F(Scanner, finds_the_next_record_behind_any_flipped_bit) {
  const std::string first = frame_record(R"({"kind":"metrics","value":0.5})");
  const std::string second = frame_record(R"({"kind":"attempt_finished"})");
  for (std::size_t bit = 0; bit < first.size() * 8; ++bit) {
    std::string text = first + second;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    const auto pieces = scan(text);
    ASSERT_EQ(pieces.size(), 2U) << "bit " << bit;
    EXPECT_EQ(pieces[0], (Piece{Kind::kDamaged, 0, first.size(), ""})) << "bit " << bit;
    EXPECT_EQ(pieces[1].json, R"({"kind":"attempt_finished"})") << "bit " << bit;
  }
}

TEST_F(Scanner, finds_nothing_behind_a_damaged_end) {
  for (const std::string& text : {std::string(100, '\0'),
                                  std::string("00000007 00000000 {\"a\":1}\n"),
                                  std::string("x"),
                                  std::string("0000")}) {
    EXPECT_THAT(scan(text), testing::ElementsAre(Piece{Kind::kTail, 0, text.size(), ""}));
  }
  EXPECT_THAT(scan(""), testing::IsEmpty());
}

// Whatever becomes of the bytes, and wherever the file is cut for reading.
TEST_F(Scanner, cuts_a_text_as_the_definition_does) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t end) { return random() % end; };
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (std::size_t record = 0; record < 1 + below(6); ++record) {
      text += frame_record("{\"n\":\"" + std::string(below(30), 'x') + "\"}");
    }
    for (std::size_t fault = 0; fault < below(4); ++fault) {
      const std::size_t place = below(text.size());
      switch (below(4)) {
        case 0:
          text[place] = static_cast<char>(text[place] ^ (1 << below(8)));
          break;
        case 1:
          text.insert(place, std::string(below(40), "\n0 a\0"[below(5)]));
          break;
        case 2:
          text.erase(place, below(40));
          break;
        default:
          text.insert(place, text.substr(below(text.size() + 1), below(60)));
      }
      if (text.empty()) text = "\n";
    }
    const auto expected = pieces_of(text);
    ASSERT_EQ(scan(text, 1 + below(64)), expected) << "round " << round;
    ASSERT_EQ(scan(text), expected) << "round " << round;
  }
}

/// Most memory that this process has had so far, in bytes.
std::uint64_t peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

// Reading these whole, or again and again, takes gigabytes or minutes.
TEST_F(Scanner, takes_little_memory_and_linear_time_whatever_lies_there) {
  const std::string record = frame_record(R"({"kind":"metrics"})");
  const std::uint64_t before = peak_bytes();
  const double start = monotonic_seconds();
  {
    std::ofstream file(path_, std::ios::binary);
    const std::string block(1 << 20, '\n');
    for (int block_number = 0; block_number < 50; ++block_number) file << block;
    file << record;
  }
  EXPECT_EQ(scan_file().size(), 2U) << "newlines";
  {
    std::ofstream file(path_, std::ios::binary);
    file << record;
    file.seekp(std::streamoff{10} << 30);
    file << '\n' << record;
  }
  EXPECT_EQ(scan_file().size(), 3U) << "a hole of 10 GiB";
  std::filesystem::resize_file(path_, std::uint64_t{40} << 30);
  EXPECT_EQ(scan_file().size(), 4U) << "a hole at the end";
  {
    std::ofstream file(path_, std::ios::binary);
    const std::string zeroes(1 << 20, '\0');
    for (int block = 0; block < 200; ++block) file << zeroes;
  }
  EXPECT_EQ(scan_file().size(), 1U) << "zeroes";
  EXPECT_LT(peak_bytes() - before, std::uint64_t{100} << 20);
  EXPECT_LT(monotonic_seconds() - start, 60);
}

// Every line claims to be a record of millions of bytes that ends where it says.
TEST_F(Scanner, takes_linear_time_for_what_is_made_to_look_like_records) {
  const std::size_t lines = 1'000'000;
  const std::size_t line_bytes = 19;
  std::string text;
  for (std::size_t line = 0; line < lines / 4; ++line) {
    const std::size_t length = (lines - line) * line_bytes - line_bytes;
    char header[32];
    std::snprintf(header, sizeof(header), "%08zx 00000000 \n", length);
    text += header;
  }
  text.append((lines - lines / 4) * line_bytes - 1, 'x');
  text += "\n";
  EXPECT_THAT(scan(text), testing::ElementsAre(Piece{Kind::kTail, 0, text.size(), ""}));
}

}  // namespace
}  // namespace headway
