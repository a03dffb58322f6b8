// Each file operation of a save goes wrong once: the disk fails or is full, or the process ends
// there. What was saved before stands, what is saved afterwards is found, and nothing half written
// is taken for anything.
#include "support/file_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>
#include <map>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "store/segment_reader.h"
#include "store/segment_writer.h"
#include "store/sweep_directory.h"
#include "support/temporary_directory.h"
#include "training/checkpoint.h"

namespace headway {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::Eq;
using testing::IsEmpty;
using testing::Le;

constexpr int kSurely = 200;  // more than any save has

struct Outcome {
  bool reached = false;  // the fault struck
  bool succeeded = false;
};

// In a child process, which may end in the middle.
Outcome in_child(int operation, const std::function<void()>& save) {
  const pid_t child = ::fork();
  if (child == 0) {
    file_faults::arm(operation, FileFault::kDeath);
    save();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  const int code = WEXITSTATUS(status);
  EXPECT_THAT(code, AnyOf(Eq(0), Eq(file_faults::kDeathStatus)));
  return {code != 0, code == 0};
}

Outcome in_this_process(int operation, FileFault fault, const std::function<void()>& save) {
  Outcome outcome;
  file_faults::arm(operation, fault);
  try {
    save();
    outcome.succeeded = true;
  } catch (const DiskFullError&) {
    EXPECT_EQ(fault, FileFault::kDiskFull);
  } catch (const EnvironmentError&) {
    EXPECT_EQ(fault, FileFault::kInputOutputError);
  }
  outcome.reached = file_faults::lift();
  return outcome;
}

Outcome with_fault(int operation, FileFault fault, const std::function<void()>& save) {
  return fault == FileFault::kDeath ? in_child(operation, save)
                                    : in_this_process(operation, fault, save);
}

// Calls `strike` with 1, 2, 3, ... until the fault was not reached, `fewest` times at least.
void at_every_operation(int fewest, const std::function<Outcome(int)>& strike) {
  int operation = 1;
  while (strike(operation).reached) {
    ASSERT_THAT(++operation, Le(kSurely));
    if (testing::Test::HasFailure()) FAIL() << "at file operation " << operation - 1;
  }
  EXPECT_GE(operation, fewest);
}

std::string name_of(const testing::TestParamInfo<FileFault>& info) {
  static const std::map<FileFault, std::string> names{{FileFault::kInputOutputError, "error"},
                                                      {FileFault::kDiskFull, "full_disk"},
                                                      {FileFault::kDeath, "death"}};
  return names.at(info.param);
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

class FileFaults : public testing::TestWithParam<FileFault> {
 protected:
  FileFault fault() const { return GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(At,
                         FileFaults,
                         testing::Values(FileFault::kInputOutputError,
                                         FileFault::kDiskFull,
                                         FileFault::kDeath),
                         name_of);

void save_checkpoint(const CheckpointFolder& folder, std::int64_t step) {
  const std::vector<float> values(100, static_cast<float>(step));
  folder.save(step, {{"w", "F32", {100}, std::as_bytes(std::span(values))}}, {{"note", step}});
}

std::int64_t newest_step(const CheckpointFolder& folder) {
  const RecoveredCheckpoint found = folder.recover();
  EXPECT_THAT(found.damage, IsEmpty());
  if (!found.newest) return 0;
  const std::int64_t step = found.newest->manifest.at("step");
  const auto* value = reinterpret_cast<const float*>(found.newest->tensors.at("w").bytes.data());
  EXPECT_EQ(*value, static_cast<float>(step));
  return step;
}

TEST_P(FileFaults, leave_the_checkpoint_before_or_the_new_one) {
  at_every_operation(16, [&](int operation) {
    const TemporaryDirectory directory;
    const CheckpointFolder folder(directory.path() / "c");
    save_checkpoint(folder, 1);
    save_checkpoint(folder, 2);
    const Outcome outcome = with_fault(operation, fault(), [&] { save_checkpoint(folder, 3); });
    EXPECT_THAT(newest_step(folder), AnyOf(Eq(2), Eq(3)));
    if (outcome.succeeded) {
      EXPECT_EQ(newest_step(folder), 3);
    }
    save_checkpoint(folder, 4);
    EXPECT_EQ(newest_step(folder), 4);
    EXPECT_EQ(names_in(directory.path() / "c").size(), 4);
    return outcome;
  });
}

TEST_P(FileFaults, leave_nothing_or_the_first_checkpoint) {
  at_every_operation(16, [&](int operation) {
    const TemporaryDirectory directory;
    const CheckpointFolder folder(directory.path() / "a" / "c");
    const Outcome outcome = with_fault(operation, fault(), [&] { save_checkpoint(folder, 1); });
    EXPECT_THAT(newest_step(folder), AnyOf(Eq(outcome.succeeded ? 1 : 0), Eq(1)));
    save_checkpoint(folder, 1);
    EXPECT_EQ(newest_step(folder), 1);
    EXPECT_THAT(names_in(directory.path() / "a" / "c"),
                ElementsAre("step-1.json", "step-1.safetensors"));
    return outcome;
  });
}

TEST_P(FileFaults, leave_the_same_checkpoint_when_it_is_written_again) {
  at_every_operation(14, [&](int operation) {
    const TemporaryDirectory directory;
    const CheckpointFolder folder(directory.path());
    save_checkpoint(folder, 1);
    save_checkpoint(folder, 2);
    const Outcome outcome = with_fault(operation, fault(), [&] { save_checkpoint(folder, 2); });
    EXPECT_EQ(newest_step(folder), 2);
    return outcome;
  });
}

TEST_P(FileFaults, leave_the_old_file_or_the_new_one_whole) {
  at_every_operation(6, [&](int operation) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "plan.json";
    replace_file(path, "the old text");
    const Outcome outcome =
        with_fault(operation, fault(), [&] { replace_file(path, "a new text, longer"); });
    EXPECT_THAT(read_text(path), AnyOf(Eq("the old text"), Eq("a new text, longer")));
    if (outcome.succeeded) {
      EXPECT_EQ(read_text(path), "a new text, longer");
    }
    if (fault() != FileFault::kDeath) {
      EXPECT_THAT(names_in(directory.path()), ElementsAre("plan.json"));
    }
    return outcome;
  });
}

struct SegmentContent {
  std::vector<int> values;  // sorted: segments are read in the order of their names
  std::vector<SegmentDamage> damage;
};

SegmentContent read_segments(const std::filesystem::path& sweep) {
  SegmentContent content;
  SegmentReader reader(sweep);
  reader.poll([&](const SegmentRecord& record) {
    if (record.kind() == "number") content.values.push_back(record.json.at("value").get<int>());
    EXPECT_TRUE(record.writer.is_object());
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
        ASSERT_LT(operation, kSurely);
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
    ASSERT_LT(operation, kSurely);
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
