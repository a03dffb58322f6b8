#include "data/readers/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/errors.h"
#include "support/temporary_directory.h"
#include "unit/data/collected_images.h"
#include "unit/data/gzip.h"
#include "unit/data/idx_content.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr IdxShape kShape{.classes = 10, .height = 28, .width = 28};

class Idx : public testing::Test {
 protected:
  std::vector<std::uint8_t> images(const std::string& content) {
    write_bytes(path_, content);
    IdxImages file(path_, kShape);
    std::vector<std::uint8_t> read(file.count() * 784);
    file.read(read);
    file.expect_end();
    return read;
  }
  std::vector<std::int32_t> labels(const std::string& content) {
    write_bytes(path_, content);
    IdxLabels file(path_, kShape.classes);
    std::vector<std::int32_t> read(file.count());
    file.read(read);
    file.expect_end();
    return read;
  }
  std::string image_refusal(const std::string& content) {
    return refusal([&] { images(content); });
  }
  std::string label_refusal(const std::string& content) {
    return refusal([&] { labels(content); });
  }
  static CollectedImages read_pair(const std::filesystem::path& images,
                                   const std::filesystem::path& labels) {
    CollectedImages sink;
    read_idx_pair(images, labels, kShape, sink);
    return sink;
  }
  template <typename Read>
  std::string refusal(Read read) {
    try {
      read();
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), StartsWith(directory_.path().string()));
      return error.what();
    }
    ADD_FAILURE() << "no refusal";
    return "";
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "some-file";
};

TEST_F(Idx, reads_images_plain_and_gzip_alike) {
  const std::string values = image_values(3);
  const std::vector<std::uint8_t> expected(values.begin(), values.end());
  const std::string content = idx_content({3, 28, 28}, values);
  EXPECT_EQ(images(content), expected);
  EXPECT_EQ(images(gzip(content)), expected);
}

TEST_F(Idx, reads_labels_plain_and_gzip_alike) {
  const std::string content = idx_content({4}, std::string("\x03\x00\x09\x01", 4));
  EXPECT_EQ(labels(content), (std::vector<std::int32_t>{3, 0, 9, 1}));
  EXPECT_EQ(labels(gzip(content)), (std::vector<std::int32_t>{3, 0, 9, 1}));
}

TEST_F(Idx, reads_a_gzip_file_of_several_streams) {
  const std::string content = idx_content({3, 28, 28}, image_values(3));
  EXPECT_EQ(images(gzip(content.substr(0, 1000)) + gzip(content.substr(1000))), images(content));
}

TEST_F(Idx, refuses_a_wrong_magic_number) {
  EXPECT_THAT(
      image_refusal("\x89PNG" + std::string(2000, 'x')),
      HasSubstr("byte 0: found magic number 0x89504e47, expected 0x00000803 (uint8 images)"));
}

TEST_F(Idx, refuses_other_types_than_uint8) {
  std::string content = idx_content({1, 28, 28}, image_values(1));
  for (const auto& [type, name] : {std::pair{'\x09', "int8"},
                                   {'\x0B', "int16"},
                                   {'\x0C', "int32"},
                                   {'\x0D', "float32"},
                                   {'\x0E', "float64"},
                                   {'\x01', "no IDX type"}}) {
    content[2] = type;
    const std::string refusal = image_refusal(content);
    EXPECT_THAT(refusal, HasSubstr("byte 2: found magic number 0x0000"));
    EXPECT_THAT(refusal, HasSubstr(std::string("(values of type ") + name + ")"));
  }
}

TEST_F(Idx, refuses_a_wrong_number_of_dimensions) {
  EXPECT_THAT(
      image_refusal(idx_content({10}, label_values(10))),
      HasSubstr("byte 3: found magic number 0x00000801 (1 dimensions), expected 0x00000803"));
  EXPECT_THAT(label_refusal(idx_content({1, 28, 28}, image_values(1))),
              HasSubstr("expected 0x00000801 (uint8 labels)"));
}

TEST_F(Idx, refuses_images_of_another_size) {
  EXPECT_THAT(image_refusal(idx_content({1, 32, 28}, std::string(896, 'x'))),
              HasSubstr("byte 8: found 32 rows, expected 28"));
  EXPECT_THAT(image_refusal(idx_content({1, 28, 27}, std::string(756, 'x'))),
              HasSubstr("byte 12: found 27 columns, expected 28"));
}

TEST_F(Idx, refuses_a_count_that_the_file_does_not_hold) {
  EXPECT_THAT(image_refusal(idx_content({4, 28, 28}, image_values(3))),
              HasSubstr("byte 4: found 4 images of 784 bytes, expected 2352 bytes in all"));
  EXPECT_THAT(label_refusal(idx_content({11}, label_values(10))),
              HasSubstr("byte 4: found 11 labels of 1 bytes, expected 10 bytes in all, what the "
                        "file holds from byte 8 on; it is cut off: fetch it again"));
}

// 2^31 - 1 images are 1.7 TB: allocating them would fail with another error than this.
TEST_F(Idx, refuses_a_forged_count_before_allocating) {
  const std::string content = idx_content({0x7fffffff, 28, 28}, image_values(1));
  EXPECT_THAT(image_refusal(content), HasSubstr("found 2147483647 images"));
  EXPECT_THAT(image_refusal(gzip(content)), HasSubstr("expected at most"));
  EXPECT_THAT(image_refusal(gzip(content)), HasSubstr("the file is cut off; fetch it again"));
  EXPECT_THAT(image_refusal(idx_content({0xffffffff, 28, 28}, "")),
              HasSubstr("at most 2147483647"));
}

// A consistent gzip file may hold a thousand times its size.
TEST_F(Idx, refuses_more_images_than_there_may_be_before_decompressing) {
  const auto labels = directory_.path() / "labels";
  write_bytes(path_, gzip(idx_content({21, 28, 28}, image_values(21))));
  write_bytes(labels, gzip(idx_content({21}, label_values(21))));
  CollectedImages sink;
  sink.most = 21;
  read_idx_pair(path_, labels, kShape, sink);
  sink = {};
  sink.most = 20;
  EXPECT_THAT(refusal([&] { read_idx_pair(path_, labels, kShape, sink); }),
              HasSubstr("some-file: byte 4 (decompressed): found 21 images, expected at most 20"));
  EXPECT_TRUE(sink.images.empty());
  write_bytes(path_, gzip(idx_content({20, 28, 28}, image_values(20))));
  EXPECT_THAT(refusal([&] { read_idx_pair(path_, labels, kShape, sink); }),
              HasSubstr("labels: byte 4 (decompressed): found 21 labels, expected at most 20"));
}

TEST_F(Idx, refuses_trailing_bytes) {
  EXPECT_THAT(image_refusal(idx_content({3, 28, 28}, image_values(3) + "x")),
              HasSubstr("byte 4: found 3 images of 784 bytes, expected 2353 bytes in all"));
  EXPECT_THAT(image_refusal(gzip(idx_content({3, 28, 28}, image_values(3) + "x"))),
              HasSubstr("byte 2368 (decompressed): found further bytes, expected the end"));
  EXPECT_THAT(image_refusal(gzip(idx_content({3, 28, 28}, image_values(3))) + "rest"),
              HasSubstr("found 4 bytes after the end of the gzip stream"));
}

TEST_F(Idx, refuses_a_file_that_ends_in_its_header) {
  EXPECT_THAT(image_refusal(""), HasSubstr("byte 0: found the end of the file, expected 4 bytes"));
  EXPECT_THAT(
      image_refusal(idx_content({3, 28, 28}, "").substr(0, 14)),
      HasSubstr("byte 14: found the end of the file, expected 4 bytes of the number of columns"));
}

TEST_F(Idx, refuses_a_truncated_gzip_file_wherever_it_ends) {
  const std::string whole = gzip(idx_content({3, 28, 28}, image_values(3)));
  for (std::size_t size = 3; size < whole.size(); size += 1 + whole.size() / 40) {
    EXPECT_THAT(image_refusal(whole.substr(0, size)), HasSubstr("truncated gzip stream")) << size;
  }
  EXPECT_THAT(image_refusal(whole.substr(0, whole.size() - 1)), HasSubstr("truncated gzip stream"));
}

TEST_F(Idx, refuses_a_gzip_file_with_a_wrong_checksum) {
  std::string content = gzip(idx_content({3, 28, 28}, image_values(3)));
  content[content.size() - 6] = static_cast<char>(content[content.size() - 6] ^ 1);
  EXPECT_THAT(image_refusal(content), HasSubstr("damaged gzip stream (incorrect data check)"));
}

TEST_F(Idx, refuses_a_gzip_file_that_ends_before_the_declared_count) {
  EXPECT_THAT(
      image_refusal(gzip(idx_content({4, 28, 28}, image_values(3)))),
      HasSubstr("byte 2368 (decompressed): found the end of the file, expected 3136 bytes"));
}

TEST_F(Idx, refuses_labels_out_of_range) {
  EXPECT_THAT(label_refusal(idx_content({3}, std::string("\x03\x0a\x00", 3))),
              HasSubstr("byte 9: found label 10, expected 0..9"));
}

TEST_F(Idx, refuses_an_empty_set) {
  EXPECT_THAT(image_refusal(idx_content({0, 28, 28}, "")), HasSubstr("found 0 images"));
  EXPECT_THAT(label_refusal(idx_content({0}, "")), HasSubstr("found 0 labels"));
}

TEST_F(Idx, refuses_unequal_counts_of_images_and_labels) {
  const auto label_path = directory_.path() / "labels";
  write_bytes(path_, idx_content({11, 28, 28}, image_values(11)));
  write_bytes(label_path, idx_content({10}, label_values(10)));
  EXPECT_THAT(refusal([&] { read_pair(path_, label_path); }),
              HasSubstr("byte 4: found 10 labels, expected 11, the number of images in"));
}

TEST_F(Idx, refuses_a_set_that_lacks_a_class) {
  const auto label_path = directory_.path() / "labels";
  write_bytes(path_, idx_content({9, 28, 28}, image_values(9)));
  write_bytes(label_path, idx_content({9}, label_values(9)));
  EXPECT_THAT(refusal([&] { read_pair(path_, label_path); }),
              HasSubstr("found no label 9 among 9, expected every class 0..9"));
}

// 3000 images are 2.3 MB, of which a reader may hold one.
TEST_F(Idx, reads_a_pair_piece_by_piece_in_order) {
  const auto label_path = directory_.path() / "labels";
  for (const bool compressed : {false, true}) {
    const std::string images = idx_content({3000, 28, 28}, image_values(3000));
    write_bytes(path_, compressed ? gzip(images) : images);
    write_bytes(label_path, idx_content({3000}, label_values(3000)));
    const CollectedImages found = read_pair(path_, label_path);
    EXPECT_LE(found.largest_piece, kPieceBytes);
    EXPECT_EQ(std::string(found.images.begin(), found.images.end()), image_values(3000));
    EXPECT_EQ(std::string(found.labels.begin(), found.labels.end()), label_values(3000));
  }
}

TEST_F(Idx, refuses_a_folder_and_a_fifo_at_once) {
  EXPECT_THAT(refusal([&] { IdxImages(directory_.path(), kShape); }),
              HasSubstr("found a folder, expected a file"));
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(refusal([&] { IdxImages(path_, kShape); }),
              HasSubstr("found a FIFO, expected a file"));
}

TEST_F(Idx, names_a_file_that_is_not_there) {
  try {
    IdxLabels(directory_.path() / "absent", 10);
    FAIL() << "no error";
  } catch (const EnvironmentError& error) {
    EXPECT_THAT(error.what(), HasSubstr("absent"));
  }
}

}  // namespace
}  // namespace headway
