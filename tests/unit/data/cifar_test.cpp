#include "data/readers/cifar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "data/readers/classes.h"
#include "support/temporary_directory.h"
#include "unit/data/cifar_content.h"
#include "unit/data/collected_images.h"
#include "unit/data/gzip.h"

namespace headway {
namespace {

using testing::HasSubstr;

const CifarFormat kTen{.labels = {{"label", 10}}};
const CifarFormat kFine{.labels = {{"coarse label", 20}, {"fine label", 100}}, .used = 1};
const CifarFormat kCoarse{.labels = {{"coarse label", 20}, {"fine label", 100}}, .used = 0};

class Cifar : public testing::Test {
 protected:
  CollectedImages read(const std::string& content, const CifarFormat& format = kTen) {
    write_bytes(path_, content);
    CollectedImages sink;
    read_cifar({path_}, format, sink);
    return sink;
  }
  std::string refusal(const std::string& content, const CifarFormat& format = kTen) {
    try {
      read(content, format);
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), testing::StartsWith(path_.string() + ": "));
      return error.what();
    }
    ADD_FAILURE() << "no refusal";
    return "";
  }
  std::string names_refusal(const std::string& content) {
    write_bytes(path_, content);
    try {
      read_class_names(path_, 3);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "batch.bin";
};

void expect_pixels(const CollectedImages& found, int first, int count) {
  ASSERT_EQ(found.images.size(), static_cast<std::size_t>(count) * 3072);
  auto next = found.images.begin();
  for (int i = first; i < first + count; ++i) {
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 32; ++x) {
        for (int channel = 0; channel < 3; ++channel) {
          ASSERT_EQ(*next++, cifar_pixel(i, channel, y, x))
              << "image " << i << " row " << y << " column " << x << " channel " << channel;
        }
      }
    }
  }
}

// The planes of the file become red, green and blue of each pixel.
TEST_F(Cifar, a_pixel_s_channels_stand_side_by_side_row_by_row) {
  const CollectedImages found = read(cifar_records(7, 20, cifar10_label));
  expect_pixels(found, 7, 20);
  std::vector<std::int32_t> expected;
  for (int i = 7; i < 27; ++i) expected.push_back(i % 10);
  EXPECT_EQ(found.labels, expected);
}

TEST_F(Cifar, a_red_image_is_red) {
  std::string content = cifar_records(0, 10, cifar10_label);
  content.replace(1, 3072, std::string(1024, '\xff') + std::string(2048, '\0'));
  const CollectedImages found = read(content);
  for (std::size_t i = 0; i < 3072; ++i) EXPECT_EQ(found.images[i], i % 3 == 0 ? 255 : 0) << i;
}

TEST_F(Cifar, of_two_labels_the_wanted_one_counts) {
  const std::string content = cifar_records(0, 100, cifar100_labels);
  const CollectedImages fine = read(content, kFine);
  const CollectedImages coarse = read(content, kCoarse);
  EXPECT_EQ(coarse.images, fine.images);
  expect_pixels(fine, 0, 100);
  for (std::int32_t i = 0; i < 100; ++i) {
    EXPECT_EQ(fine.labels[static_cast<std::size_t>(i)], i);
    EXPECT_EQ(coarse.labels[static_cast<std::size_t>(i)], i / 5);
  }
}

TEST_F(Cifar, more_images_than_there_may_be_are_refused_before_they_are_kept) {
  const auto second = directory_.path() / "second.bin";
  write_bytes(path_, gzip(cifar_records(0, 7, cifar10_label)));
  write_bytes(second, cifar_records(7, 5, cifar10_label));
  CollectedImages sink;
  sink.most = 11;
  try {
    read_cifar({path_, second}, kTen, sink);
    FAIL() << "no refusal";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("second.bin: byte 0: found 12 images or more, expected at most 11"));
  }
  EXPECT_EQ(sink.labels.size(), 7U);
}

TEST_F(Cifar, files_follow_one_another_plain_or_compressed) {
  const auto second = directory_.path() / "second.bin";
  write_bytes(path_, gzip(cifar_records(0, 7, cifar10_label)));
  write_bytes(second, cifar_records(7, 5, cifar10_label));
  CollectedImages sink;
  read_cifar({path_, second}, kTen, sink);
  expect_pixels(sink, 0, 12);
}

// 700 images are 2.1 MB, of which the reader may hold one.
TEST_F(Cifar, images_come_piece_by_piece) {
  const std::string content = cifar_records(0, 700, cifar10_label);
  for (const std::string& stored : {content, gzip(content)}) {
    const CollectedImages found = read(stored);
    EXPECT_LE(found.largest_piece, kPieceBytes);
    expect_pixels(found, 0, 700);
  }
}

TEST_F(Cifar, refuses_a_label_out_of_range) {
  std::string content = cifar_records(0, 20, cifar10_label);
  content[3 * 3073] = 10;
  EXPECT_THAT(refusal(content), HasSubstr("byte 9219: found label 10, expected 0..9"));
  EXPECT_THAT(refusal(gzip(content)), HasSubstr("byte 9219 (decompressed): found label 10"));
  std::string pairs = cifar_records(0, 100, cifar100_labels);
  pairs[3074] = 20;
  EXPECT_THAT(refusal(pairs, kFine), HasSubstr("byte 3074: found coarse label 20, expected 0..19"));
  pairs[3074] = 0;
  pairs[3075] = 100;
  EXPECT_THAT(refusal(pairs, kCoarse), HasSubstr("byte 3075: found fine label 100"));
}

TEST_F(Cifar, refuses_an_incomplete_record) {
  const std::string content = cifar_records(0, 20, cifar10_label);
  const std::string expected =
      "found 3000 bytes before the end of the file, expected whole "
      "records of 3073 bytes";
  EXPECT_THAT(refusal(content.substr(0, 2 * 3073 + 3000)), HasSubstr("byte 6146: " + expected));
  EXPECT_THAT(refusal(gzip(content.substr(0, 2 * 3073 + 3000))),
              HasSubstr("byte 6146 (decompressed): " + expected));
  EXPECT_THAT(refusal(content + "x"), HasSubstr("byte 61460: found 1 bytes before the end"));
  EXPECT_THAT(refusal(content, kFine), HasSubstr("expected whole records of 3074 bytes"));
}

TEST_F(Cifar, refuses_a_file_without_records) {
  for (const std::string& content : {std::string(), gzip("")}) {
    EXPECT_THAT(refusal(content), HasSubstr("found the end of the file, expected at least one"));
  }
}

TEST_F(Cifar, refuses_a_damaged_compressed_file) {
  std::string content = gzip(cifar_records(0, 20, cifar10_label));
  EXPECT_THAT(refusal(content.substr(0, content.size() - 1)), HasSubstr("truncated gzip stream"));
  EXPECT_THAT(refusal(content + "rest"), HasSubstr("after the end of the gzip stream"));
  content[content.size() - 6] = static_cast<char>(content[content.size() - 6] ^ 1);
  EXPECT_THAT(refusal(content), HasSubstr("damaged gzip stream (incorrect data check)"));
}

TEST_F(Cifar, refuses_a_set_that_lacks_a_class) {
  EXPECT_THAT(refusal(cifar_records(0, 9, cifar10_label)),
              HasSubstr("found no label 9 among 9, expected every class 0..9"));
  EXPECT_THAT(refusal(cifar_records(0, 95, cifar100_labels), kCoarse),
              HasSubstr("found no label 19 among 95"));
}

TEST_F(Cifar, a_refused_set_of_several_files_is_named_by_the_first_and_the_last) {
  const auto second = directory_.path() / "second.bin";
  write_bytes(path_, cifar_records(0, 4, cifar10_label));
  write_bytes(second, cifar_records(4, 4, cifar10_label));
  CollectedImages sink;
  try {
    read_cifar({path_, second}, kTen, sink);
    FAIL() << "no refusal";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("batch.bin .. second.bin: found no label 8 among 8"));
  }
}

TEST_F(Cifar, class_names_are_lines_of_a_file) {
  write_bytes(path_, "cat\r\ntwo words\nship\n\n");
  EXPECT_THAT(read_class_names(path_, 3), testing::ElementsAre("cat", "two words", "ship"));
}

TEST_F(Cifar, refuses_class_names_that_do_not_fit) {
  EXPECT_THAT(names_refusal("cat\nship\n"), HasSubstr("line 2: found 2 names, expected 3"));
  EXPECT_THAT(names_refusal("a\nb\nc\nd\n"), HasSubstr("line 4: found 4 names, expected 3"));
  EXPECT_THAT(names_refusal("cat\n\nship\n"), HasSubstr("line 2: found an empty line"));
  EXPECT_THAT(names_refusal("cat\nship\ncat\n"), HasSubstr("line 3: found 'cat' again"));
  EXPECT_THAT(names_refusal(std::string(3 << 20, 'x')), HasSubstr("expected the end of the file"));
}

}  // namespace
}  // namespace headway
