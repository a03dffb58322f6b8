#include "data/readers/idx_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "support/temporary_directory.h"
#include "unit/data/idx_content.h"
#include "unit/data/scoped_variable.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const IdxPlaces kPlaces{.folder_names = {"some-set", "some_set"},
                        .system_folder = "/nowhere/some-set",
                        .how_to_get = "the package some-set brings it"};

class IdxFolders : public testing::Test {
 protected:
  void touch(const std::string& name) { write_bytes(root() / name, "x"); }
  std::filesystem::path root() const { return directory_.path(); }
  DatasetConfig at_root() const {
    DatasetConfig config;
    config.name = "some_set";
    config.root = root().string();
    return config;
  }
  std::string refusal(const DatasetConfig& config) const {
    try {
      find_idx_files(config, kPlaces);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  TemporaryDirectory directory_;
};

TEST_F(IdxFolders, are_those_at_the_given_root_and_no_others) {
  const ScopedVariable variable("HEADWAY_DATA", "/data");
  EXPECT_THAT(idx_folders(at_root(), kPlaces),
              ElementsAre(root(), root() / "some-set", root() / "some_set"));
}

TEST_F(IdxFolders, are_those_at_headway_data_and_the_system_without_a_root) {
  const ScopedVariable variable("HEADWAY_DATA", "/data");
  EXPECT_THAT(idx_folders({}, kPlaces),
              ElementsAre("/data", "/data/some-set", "/data/some_set", "/nowhere/some-set"));
}

TEST_F(IdxFolders, are_the_system_s_alone_when_nothing_is_set) {
  const ScopedVariable variable("HEADWAY_DATA", "");
  EXPECT_THAT(idx_folders({}, kPlaces), ElementsAre("/nowhere/some-set"));
}

TEST_F(IdxFolders, may_spell_their_files_with_dash_or_dot_plain_or_compressed) {
  touch("train-images-idx3-ubyte.gz");
  touch("train-labels-idx1-ubyte");
  touch("t10k-images.idx3-ubyte");
  touch("t10k-labels.idx1-ubyte.gz");
  const IdxFiles files = find_idx_files(at_root(), kPlaces);
  EXPECT_EQ(files.train_images, root() / "train-images-idx3-ubyte.gz");
  EXPECT_EQ(files.train_labels, root() / "train-labels-idx1-ubyte");
  EXPECT_EQ(files.test_images, root() / "t10k-images.idx3-ubyte");
  EXPECT_EQ(files.test_labels, root() / "t10k-labels.idx1-ubyte.gz");
}

TEST_F(IdxFolders, are_searched_in_order) {
  std::filesystem::create_directories(root() / "some_set");
  write_small_fashion_mnist(root() / "some_set");
  EXPECT_EQ(find_idx_files(at_root(), kPlaces).train_images,
            root() / "some_set" / "train-images-idx3-ubyte");
}

TEST_F(IdxFolders, without_files_are_all_named_with_the_remedy) {
  const std::string found = refusal(at_root());
  EXPECT_THAT(found, HasSubstr("found no files of 'some_set'"));
  EXPECT_THAT(found, HasSubstr("'" + root().string() + "', '" + (root() / "some-set").string()));
  EXPECT_THAT(found, HasSubstr("the package some-set brings it"));
}

TEST_F(IdxFolders, with_some_files_are_refused_with_the_missing_ones) {
  touch("train-images-idx3-ubyte");
  touch("t10k-images-idx3-ubyte");
  EXPECT_THAT(refusal(at_root()),
              HasSubstr("found 2 of the 4 data files, expected also 'train-labels-idx1-ubyte', "
                        "'t10k-labels-idx1-ubyte'"));
}

}  // namespace
}  // namespace headway
