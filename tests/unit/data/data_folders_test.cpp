#include "data/readers/data_folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "data/readers/idx.h"
#include "support/scoped_variable.h"
#include "support/temporary_directory.h"
#include "unit/data/idx_content.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const DataPlaces kPlaces{.folder_names = {"some-set", "some_set"},
                         .system_folder = "/nowhere/some-set",
                         .how_to_get = "the package some-set brings it",
                         .hints = {{"some-set.tar.gz", "unpack it"}}};

class DataFolders : public testing::Test {
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
      find_data_files(config, kPlaces, mnist_files());
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  TemporaryDirectory directory_;
};

TEST_F(DataFolders, are_those_at_the_given_root_and_no_others) {
  const ScopedVariable variable("HEADWAY_DATA", "/data");
  EXPECT_THAT(data_folders(at_root(), kPlaces),
              ElementsAre(root(), root() / "some-set", root() / "some_set"));
}

TEST_F(DataFolders, are_those_at_headway_data_and_the_system_without_a_root) {
  const ScopedVariable variable("HEADWAY_DATA", "/data");
  EXPECT_THAT(data_folders({}, kPlaces),
              ElementsAre("/data", "/data/some-set", "/data/some_set", "/nowhere/some-set"));
}

TEST_F(DataFolders, are_the_system_s_alone_when_nothing_is_set) {
  const ScopedVariable variable("HEADWAY_DATA", "");
  EXPECT_THAT(data_folders({}, kPlaces), ElementsAre("/nowhere/some-set"));
}

TEST_F(DataFolders, may_spell_their_files_with_dash_or_dot_plain_or_compressed) {
  touch("train-images-idx3-ubyte.gz");
  touch("train-labels-idx1-ubyte");
  touch("t10k-images.idx3-ubyte");
  touch("t10k-labels.idx1-ubyte.gz");
  EXPECT_THAT(find_data_files(at_root(), kPlaces, mnist_files()),
              ElementsAre(root() / "train-images-idx3-ubyte.gz",
                          root() / "train-labels-idx1-ubyte",
                          root() / "t10k-images.idx3-ubyte",
                          root() / "t10k-labels.idx1-ubyte.gz"));
}

TEST_F(DataFolders, are_searched_in_order) {
  std::filesystem::create_directories(root() / "some_set");
  write_small_fashion_mnist(root() / "some_set");
  EXPECT_EQ(find_data_files(at_root(), kPlaces, mnist_files()).front(),
            root() / "some_set" / "train-images-idx3-ubyte");
}

TEST_F(DataFolders, without_files_are_all_named_with_the_remedy) {
  const std::string found = refusal(at_root());
  EXPECT_THAT(found, HasSubstr("found no files of 'some_set'"));
  EXPECT_THAT(found, HasSubstr("'" + root().string() + "', '" + (root() / "some-set").string()));
  EXPECT_THAT(found, HasSubstr("the package some-set brings it"));
  EXPECT_THAT(found, HasSubstr("HEADWAY_DATA counts only where dataset.root is not set"));
}

TEST_F(DataFolders, a_file_as_root_is_called_one) {
  touch("file");
  DatasetConfig config = at_root();
  config.root = (root() / "file").string();
  EXPECT_THAT(refusal(config), HasSubstr("file' is a file, expected the folder"));
}

TEST_F(DataFolders, are_none_when_nothing_is_set_and_the_system_has_none) {
  const ScopedVariable variable("HEADWAY_DATA", "");
  DataPlaces places = kPlaces;
  places.system_folder.clear();
  try {
    find_data_files({}, places, mnist_files());
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("expected them in dataset.root or HEADWAY_DATA, which are not set; the "
                          "package some-set brings it"));
  }
}

TEST_F(DataFolders, with_some_files_are_refused_with_the_missing_ones) {
  touch("train-images-idx3-ubyte");
  touch("t10k-images-idx3-ubyte");
  EXPECT_THAT(refusal(at_root()),
              HasSubstr("found 2 of the 4 data files, expected also 'train-labels-idx1-ubyte', "
                        "'t10k-labels-idx1-ubyte'"));
}

TEST_F(DataFolders, with_what_may_lie_there_instead_say_what_to_do) {
  touch("some-set.tar.gz");
  const std::string expected =
      "; found '" + (root() / "some-set.tar.gz").string() + "': unpack it;";
  EXPECT_THAT(refusal(at_root()), HasSubstr(expected));
  DatasetConfig at_archive = at_root();
  at_archive.root = (root() / "some-set.tar.gz").string();
  EXPECT_THAT(refusal(at_archive), HasSubstr(expected));
}

TEST_F(DataFolders, with_something_else_than_a_file_under_its_name_are_refused) {
  write_small_fashion_mnist(root());
  std::filesystem::remove(root() / "t10k-labels-idx1-ubyte");
  std::filesystem::create_directories(root() / "t10k-labels-idx1-ubyte");
  EXPECT_THAT(refusal(at_root()),
              HasSubstr("t10k-labels-idx1-ubyte: found a folder, expected a file"));
  write_bytes(root() / "t10k-labels-idx1-ubyte.gz", "x");  // as some programs unpack it
  EXPECT_EQ(find_data_files(at_root(), kPlaces, mnist_files()).back(),
            root() / "t10k-labels-idx1-ubyte.gz");
}

TEST_F(DataFolders, may_lack_a_file_that_need_not_be_there) {
  EXPECT_FALSE(find_data_file(at_root(), kPlaces, {"names.txt"}));
  touch("names.txt");
  EXPECT_EQ(find_data_file(at_root(), kPlaces, {"names.txt"}), root() / "names.txt");
}

}  // namespace
}  // namespace headway
