// Who verifies a data set's pack, and what becomes of an error that strikes some ranks alone.
#include "runner/worker/dataset_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/environment.h"
#include "base/errors.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "support/scoped_variable.h"
#include "support/temporary_directory.h"
#include "support/test_communicator.h"
#include "unit/data/idx_content.h"

namespace headway {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DatasetLoading : public testing::Test {
 protected:
  DatasetLoading() {
    config_.name = "fashion_mnist";
    config_.root = (folder_ / "data").string();
    on_rank_0([&] { write_small_fashion_mnist(config_.root); });
  }
  ~DatasetLoading() override { test_communicator().barrier(); }  // before a folder goes

  // Once all ranks are done with what came before, which they read from the files it changes.
  template <typename Action>
  static void on_rank_0(Action action) {
    test_communicator().barrier();
    if (test_communicator().rank() == 0) action();
    test_communicator().barrier();
  }
  std::vector<fs::path> packs() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_ / "cache" / "datasets")) {
      if (entry.path().extension() == ".pack") found.push_back(entry.path());
    }
    return found;
  }
  std::unique_ptr<Dataset> load() { return load_on_all_ranks(config_, test_communicator()); }
  std::string refusal() {
    try {
      load();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  TemporaryDirectory own_;
  fs::path folder_ = test_communicator().broadcast(own_.path().string());
  ScopedVariable cache_{"HEADWAY_CACHE", (folder_ / "cache").string()};
  DatasetConfig config_;
};

TEST_F(DatasetLoading, ends_with_one_pack_that_all_ranks_read) {
  const auto dataset = load();
  EXPECT_EQ(dataset->train().count, 30);
  EXPECT_EQ(packs().size(), 1U);
  EXPECT_EQ(test_communicator().broadcast(dataset->identity().sha256), dataset->identity().sha256);
}

TEST_F(DatasetLoading, mends_a_damaged_pack_before_any_rank_reads_it) {
  const auto before = load();
  const std::vector<std::uint8_t> images(before->train().images.begin(),
                                         before->train().images.end());
  on_rank_0([&] {
    std::fstream pack(packs().front(), std::ios::binary | std::ios::in | std::ios::out);
    pack.seekp(4096 + 100);
    pack.write("damage", 6);
  });
  const auto after = load();
  EXPECT_EQ(std::vector<std::uint8_t>(after->train().images.begin(), after->train().images.end()),
            images);
}

TEST_F(DatasetLoading, refuses_on_all_ranks_what_one_rank_refuses) {
  const int last = test_communicator().size() - 1;
  if (test_communicator().rank() == last) config_.root = (folder_ / "nowhere").string();
  const std::string message = refusal();
  EXPECT_THAT(message,
              HasSubstr(test_communicator().rank() == last ? "found no files" : "another rank"));
}

TEST_F(DatasetLoading, ends_on_all_ranks_when_those_that_load_give_up) {
  { const auto dataset = load(); }
  FileDescriptor lock;
  on_rank_0([&] {
    const fs::path pack = packs().front();
    fs::remove(pack);
    lock = open_file(pack.string() + ".lock", O_RDWR);
    ASSERT_EQ(lock_exclusively(lock.native(), pack), LockOutcome::kTaken);
  });
  // The first ranks of all nodes among them.
  const LoadWatch watch{.give_up = [] { return test_communicator().rank() % 2 == 0; }};
  EXPECT_THROW(load_on_all_ranks(config_, test_communicator(), watch), LoadingGivenUp);
  on_rank_0([&] { lock = {}; });
  EXPECT_EQ(load()->train().count, 30);
}

TEST_F(DatasetLoading, refuses_unlike_data_on_all_ranks) {
  on_rank_0([&] {
    write_small_fashion_mnist(folder_ / "other");
    write_bytes(folder_ / "other" / "t10k-images-idx3-ubyte",
                idx_content({20, 28, 28}, std::string(20U * 784, 'x')));
  });
  if (test_communicator().rank() == 1) config_.root = (folder_ / "other").string();
  const std::string message = refusal();
  EXPECT_THAT(message, HasSubstr("data set 'fashion_mnist' has SHA-256"));
  EXPECT_THAT(message, HasSubstr("on rank 1"));
  EXPECT_EQ(test_communicator().broadcast(message), message);
}

}  // namespace
}  // namespace headway
