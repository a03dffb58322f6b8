// Whatever happens to the bytes of a segment, no record is made up, changed or read twice, and the
// damage is reported.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/sweep_layout.h"
#include "store/segments/segment_reader.h"
#include "store/segments/segment_writer.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DamagedSegment : public testing::Test {
 protected:
  static constexpr int kRecords = 3;

  DamagedSegment() {
    SegmentWriter writer(directory_.path(), "worker");
    path_ = writer.path();
    for (int value = 1; value <= kRecords; ++value) {
      writer.append({{"kind", "number"}, {"value", value}}, Flush::kLater);
    }
    good_ = text_of(path_);
    for (std::size_t end = good_.find('\n'); end != std::string::npos;
         end = good_.find('\n', end + 1)) {
      ends_.push_back(end + 1);
    }
    EXPECT_EQ(ends_.size(), kRecords + 1);  // the writer's own comes first
  }

  // In place: to truncate a file and write it anew makes some file systems flush it.
  void overwrite(const std::string& text) {
    std::fstream(path_, std::ios::in | std::ios::out | std::ios::binary) << text;
    std::filesystem::resize_file(path_, text.size());
  }

  // What is read of `text` in place of the segment: the lines that were recognised, by number.
  std::vector<int> read(const std::string& text) {
    overwrite(text);
    std::vector<int> lines;
    SegmentReader reader(directory_.path());
    reader.poll([&](const SegmentRecord& record) {
      const auto line = std::ranges::find(originals(), record.json);
      EXPECT_NE(line, originals().end()) << "made up: " << record.json;
      lines.push_back(static_cast<int>(line - originals().begin()));
    });
    damage_ = reader.damage();
    return lines;
  }

  const std::vector<nlohmann::json>& originals() {
    if (originals_.empty()) {
      overwrite(good_);
      SegmentReader(directory_.path()).poll([&](const SegmentRecord& record) {
        originals_.push_back(record.json);
      });
    }
    return originals_;
  }

  std::vector<int> lines_before(std::size_t offset) const {
    std::vector<int> lines;
    for (std::size_t i = 0; i < ends_.size() && ends_[i] <= offset; ++i) {
      lines.push_back(static_cast<int>(i));
    }
    return lines;
  }
  std::size_t begin_of(int line) const { return line == 0 ? 0 : ends_[line - 1]; }

  TemporaryDirectory directory_;
  std::filesystem::path path_;
  std::string good_;
  std::vector<std::size_t> ends_;
  std::vector<nlohmann::json> originals_;
  std::vector<SegmentDamage> damage_;
};

TEST_F(DamagedSegment, cut_off_anywhere_keeps_the_records_before) {
  originals();
  for (std::size_t size = 0; size <= good_.size(); ++size) {
    const std::vector<int> expected = lines_before(size);
    ASSERT_EQ(read(good_.substr(0, size)), expected) << "cut off at byte " << size;
    const std::size_t begin = expected.empty() ? 0 : ends_[expected.back()];
    if (begin == size) {
      ASSERT_THAT(damage_, IsEmpty());
      continue;
    }
    ASSERT_EQ(damage_.size(), 1);
    ASSERT_EQ(damage_[0].kind, DamageKind::kTornTail);
    ASSERT_EQ(damage_[0].offset, begin);
    ASSERT_EQ(damage_[0].bytes, size - begin);
  }
}

TEST_F(DamagedSegment, with_zeroes_from_anywhere_on_keeps_the_records_before) {
  originals();
  for (std::size_t start = 0; start < good_.size(); ++start) {
    std::string text = good_;
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(start), text.end(), '\0');
    const std::vector<int> expected = lines_before(start);
    ASSERT_EQ(read(text), expected) << "zeroes from byte " << start;
    ASSERT_EQ(damage_.size(), 1);
    const std::size_t begin = expected.empty() ? 0 : ends_[expected.back()];
    ASSERT_EQ(damage_[0].offset, begin);
    ASSERT_EQ(damage_[0].bytes, good_.size() - begin);
  }
}

TEST_F(DamagedSegment, with_any_bit_flipped_loses_that_record_alone_and_tells) {
  originals();
  for (std::size_t bit = 0; bit < 8 * good_.size(); ++bit) {
    std::string text = good_;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    const int struck = static_cast<int>(lines_before(bit / 8).size());
    std::vector<int> expected;
    for (int line = 0; line <= kRecords; ++line) {
      if (line != struck) expected.push_back(line);
    }
    ASSERT_EQ(read(text), expected) << "bit " << bit;
    ASSERT_EQ(damage_.size(), 1);
    ASSERT_EQ(damage_[0].offset, begin_of(struck));
    ASSERT_EQ(damage_[0].bytes, ends_[struck] - begin_of(struck));
  }
}

TEST_F(DamagedSegment, with_a_block_of_zeroes_anywhere_keeps_the_records_around_it) {
  originals();
  constexpr std::size_t kBlock = 40;
  for (std::size_t start = 0; start + kBlock <= good_.size(); ++start) {
    std::string text = good_;
    text.replace(start, kBlock, kBlock, '\0');
    std::vector<int> expected;
    for (int line = 0; line <= kRecords; ++line) {
      if (ends_[line] <= start || begin_of(line) >= start + kBlock) expected.push_back(line);
    }
    const std::vector<int> found = read(text);
    // Where the newline before a record is gone, nothing says that a record begins there.
    ASSERT_TRUE(std::ranges::includes(expected, found)) << "zeroes at byte " << start;
    ASSERT_GE(found.size() + 1, expected.size()) << "zeroes at byte " << start;
    ASSERT_THAT(damage_, testing::Not(IsEmpty()));
  }
}

}  // namespace
}  // namespace headway
