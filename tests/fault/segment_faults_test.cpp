// Each file operation of an append goes wrong once: no record is lost or doubled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "base/errors.h"
#include "store/segments/segment_reader.h"
#include "store/segments/segment_writer.h"
#include "support/struck_save.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct SegmentContent {
  std::vector<int> values;  // sorted: segments are read in the order of their names
  std::vector<SegmentDamage> damage;
};

SegmentContent read_segments(const std::filesystem::path& sweep) {
  SegmentContent content;
  SegmentReader reader(sweep);
  reader.poll([&](const SegmentRecord& record) {
    if (record.kind() == "number") content.values.push_back(record.json.at("value").get<int>());
    EXPECT_TRUE(record.writer.has_value());
  });
  std::ranges::sort(content.values);
  content.damage = reader.damage();
  return content;
}

void append(SegmentWriter& writer, int value) {
  writer.append({{"kind", "number"}, {"value", value}}, Flush::kNow);
}

// A writer that survives appends again what it could not append.
TEST(SegmentFaults, lose_and_double_no_record_when_the_writer_tries_again) {
  for (const FileFault fault : {FileFault::kInputOutputError, FileFault::kDiskFull}) {
    for (const int before : {0, 1}) {  // 0: the fault strikes while the segment is made
      int operation = 1;
      for (bool reached = true; reached; ++operation) {
        ASSERT_LT(operation, kMostOperations);
        const TemporaryDirectory directory;
        SegmentWriter writer(directory.path(), "worker");
        for (int value = 1; value <= before; ++value) append(writer, value);
        const Outcome outcome =
            in_this_process(operation, fault, [&] { append(writer, before + 1); });
        reached = outcome.reached;
        if (!outcome.succeeded) {
          EXPECT_EQ(read_segments(directory.path()).values.size(), before);
          append(writer, before + 1);
        }
        append(writer, before + 2);
        const SegmentContent content = read_segments(directory.path());
        std::vector<int> expected;
        for (int value = 1; value <= before + 2; ++value) expected.push_back(value);
        ASSERT_EQ(content.values, expected) << "at file operation " << operation;
        ASSERT_THAT(content.damage, IsEmpty());
      }
      EXPECT_GE(operation, before == 0 ? 6 : 3);
    }
  }
}

// One that dies is followed by another process with a segment of its own.
TEST(SegmentFaults, lose_no_earlier_record_when_the_writer_dies) {
  int operation = 1;
  for (bool reached = true; reached; ++operation) {
    ASSERT_LT(operation, kMostOperations);
    const TemporaryDirectory directory;
    const Outcome outcome = in_child(operation, [&] {
      SegmentWriter writer(directory.path(), "worker");
      append(writer, 1);
      std::ofstream(directory.path() / "has-one").flush();
      append(writer, 2);
    });
    reached = outcome.reached;
    SegmentWriter next(directory.path(), "worker");
    append(next, 3);
    SegmentContent content = read_segments(directory.path());
    EXPECT_EQ(std::ranges::count(content.values, 3), 1);
    EXPECT_LE(std::ranges::count(content.values, 2), 1);
    EXPECT_LE(std::ranges::count(content.values, 1), 1);
    if (std::filesystem::exists(directory.path() / "has-one")) {
      EXPECT_EQ(std::ranges::count(content.values, 1), 1) << "at file operation " << operation;
    }
    for (const SegmentDamage& one : content.damage) EXPECT_EQ(one.kind, DamageKind::kTornTail);
    EXPECT_LE(content.damage.size(), 1);
  }
  EXPECT_GE(operation, 7);
}

TEST(SegmentFaults, go_on_in_another_segment_after_a_failed_flush) {
  const TemporaryDirectory directory;
  SegmentWriter writer(directory.path(), "worker");
  append(writer, 1);
  const auto first = writer.path();
  const auto size = std::filesystem::file_size(first);
  file_faults::arm(2, FileFault::kInputOutputError);  // of the fsync
  EXPECT_THROW(append(writer, 2), EnvironmentError);
  file_faults::lift();
  EXPECT_EQ(std::filesystem::file_size(first), size);
  EXPECT_NE(writer.path(), first);
  append(writer, 2);
  EXPECT_THAT(read_segments(directory.path()).values, ElementsAre(1, 2));
}

// A limit on the size of files makes write(2) fall short just as a full disk does.
TEST(SegmentFaults, go_on_in_another_segment_when_a_torn_record_cannot_be_cut_off) {
  const TemporaryDirectory directory;
  SegmentWriter writer(directory.path(), "worker");
  append(writer, 1);
  const auto previous_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  for (const rlim_t torn_at : {1, 30, 60}) {
    rlimit limit = before;
    limit.rlim_cur = std::filesystem::file_size(writer.path()) + torn_at;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    file_faults::arm(2, FileFault::kInputOutputError);  // of the ftruncate
    EXPECT_THROW(append(writer, 2), DiskFullError);
    EXPECT_TRUE(file_faults::lift());
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    append(writer, 1);
  }
  std::signal(SIGXFSZ, previous_handler);
  append(writer, 2);
  const SegmentContent content = read_segments(directory.path());
  EXPECT_THAT(content.values, ElementsAre(1, 1, 1, 1, 2));
  EXPECT_EQ(content.damage.size(), 3);
  for (const SegmentDamage& one : content.damage) EXPECT_EQ(one.kind, DamageKind::kTornTail);
}

}  // namespace
}  // namespace headway
