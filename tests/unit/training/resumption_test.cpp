#include "training/resumption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <span>
#include <vector>

#include "support/collecting_sink.h"
#include "support/temporary_directory.h"
#include "support/test_communicator.h"

namespace headway {
namespace {

using testing::HasSubstr;

// Root may remove files from any folder.
class WithoutRights {
 public:
  WithoutRights() {
    if (is_root_) expect_done(::seteuid(kNobody));
  }
  WithoutRights(const WithoutRights&) = delete;
  WithoutRights& operator=(const WithoutRights&) = delete;
  ~WithoutRights() {
    if (is_root_) expect_done(::seteuid(0));
  }

 private:
  static void expect_done(int status) { EXPECT_EQ(status, 0); }

  static constexpr uid_t kNobody = 65534;
  bool is_root_ = ::geteuid() == 0;
};

TEST(Resumption, ends_at_a_checkpoint_of_no_use_that_cannot_be_removed) {
  const TemporaryDirectory own;
  const auto checkpoints = own.path() / "checkpoints";
  const std::vector<double> sums{1};
  CheckpointFolder(checkpoints).save(3, {{"sums", "F64", {1}, std::as_bytes(std::span(sums))}}, {});
  using std::filesystem::perms;
  constexpr auto readable = static_cast<perms>(0555);
  std::filesystem::permissions(own.path(), perms::owner_all | readable);
  for (const auto& file : std::filesystem::directory_iterator(checkpoints)) {
    std::filesystem::permissions(file.path(), readable);
  }
  std::filesystem::permissions(checkpoints, readable);
  const DatasetConfig dataset{};
  CollectingSink sink;
  int tries = 0;
  std::string message;
  try {
    const WithoutRights nobody;
    train_from_newest({checkpoints, dataset, {}}, test_communicator(), sink, [&](const auto&) {
      if (++tries > 5) throw std::logic_error("it is tried for ever");
      throw UnusableCheckpoint("it is empty");
    });
  } catch (const std::exception& error) {
    message = error.what();
  }
  std::filesystem::permissions(checkpoints, perms::owner_all);
  EXPECT_EQ(tries, 2) << testing::PrintToString(sink.remarks);
  EXPECT_THAT(message, HasSubstr("step 3 is of no use (it is empty) and cannot be removed"));
  EXPECT_THAT(message, HasSubstr(checkpoints.string()));
}

}  // namespace
}  // namespace headway
