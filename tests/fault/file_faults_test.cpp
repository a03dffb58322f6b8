// Each file operation of a save goes wrong once: the disk fails or is full, or the process ends
// there. What was saved before stands, what is saved afterwards is found, and nothing half written
// is taken for anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "support/struck_save.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"
#include "training/state/checkpoint.h"

namespace headway {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::Eq;
using testing::IsEmpty;
using testing::Le;

// Calls `strike` with 1, 2, 3, ... until the fault was not reached, `fewest` times at least.
void at_every_operation(int fewest, const std::function<Outcome(int)>& strike) {
  int operation = 1;
  while (strike(operation).reached) {
    ASSERT_THAT(++operation, Le(kMostOperations));
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

// The only one, before its step's evaluation and after.
TEST_P(FileFaults, leave_either_state_when_a_step_is_saved_anew) {
  at_every_operation(16, [&](int operation) {
    const TemporaryDirectory directory;
    const CheckpointFolder folder(directory.path());
    const std::vector<float> before{1};
    const std::vector<float> after{2};
    const auto save = [&](const std::vector<float>& values) {
      folder.save(
          7, {{"w", "F32", {1}, std::as_bytes(std::span(values))}}, {{"value", values.front()}});
    };
    const auto loaded_value = [&] {
      const RecoveredCheckpoint found = folder.recover();
      EXPECT_THAT(found.damage, IsEmpty());
      const auto* value =
          reinterpret_cast<const float*>(found.newest->tensors.at("w").bytes.data());
      EXPECT_EQ(found.newest->manifest.at("value"), *value);
      EXPECT_FALSE(found.newest->manifest.contains("replacement"));
      return *value;
    };
    save(before);
    const Outcome outcome = with_fault(operation, fault(), [&] { save(after); });
    EXPECT_THAT(loaded_value(), AnyOf(Eq(outcome.succeeded ? 2 : 1), Eq(2)));
    save(after);
    EXPECT_EQ(loaded_value(), 2);
    EXPECT_THAT(names_in(directory.path()), ElementsAre("step-7.json", "step-7.safetensors"));
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
    EXPECT_THAT(text_of(path), AnyOf(Eq("the old text"), Eq("a new text, longer")));
    if (outcome.succeeded) {
      EXPECT_EQ(text_of(path), "a new text, longer");
    }
    if (fault() != FileFault::kDeath) {
      EXPECT_THAT(names_in(directory.path()), ElementsAre("plan.json"));
    }
    return outcome;
  });
}

}  // namespace
}  // namespace headway
