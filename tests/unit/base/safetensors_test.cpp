#include "base/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "base/errors.h"
#include "base/sha256.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Safetensors : public testing::Test {
 protected:
  std::filesystem::path path() const { return directory_.path() / "file.safetensors"; }

  /// Writes the format by hand: length, header, data.
  void write(const std::string& header, const std::string& data) const {
    const std::uint64_t size = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &size, 8);
    write_raw(bytes + header + data);
  }
  void write_raw(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary) << bytes;
  }

  std::string refusal() const {
    try {
      const SafetensorsFile file(path());
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "accepted";
  }

 private:
  TemporaryDirectory directory_;
};

template <typename T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

TEST_F(Safetensors, makes_the_round_trip) {
  const std::vector<float> weights{1.5F, -2.0F, 0.25F, 4.0F, 5.0F, 6.0F};
  const std::vector<std::int64_t> step{42};
  const std::vector<float> nothing;
  const std::string hash = write_safetensors(path(),
                                             {{"weights", "F32", {2, 3}, bytes_of(weights)},
                                              {"empty", "F32", {0, 7}, bytes_of(nothing)},
                                              {"a.step", "I64", {}, bytes_of(step)}},
                                             {{"trial_id", "abc"}});
  EXPECT_EQ(hash, sha256_hex(text_of(path())));
  const SafetensorsFile file(path());
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"trial_id", "abc"}}));
  std::vector<std::string> names;
  for (const NamedTensor& tensor : file.tensors()) names.push_back(tensor.name);
  EXPECT_THAT(names, ElementsAre("weights", "empty", "a.step"));
  EXPECT_THAT(file.at("weights").shape, ElementsAre(2, 3));
  ASSERT_EQ(file.at("weights").bytes.size(), 24);
  EXPECT_EQ(std::memcmp(file.at("weights").bytes.data(), weights.data(), 24), 0);
  EXPECT_EQ(file.at("a.step").dtype, "I64");
  EXPECT_EQ(file.at("empty").bytes.size(), 0);
}

TEST_F(Safetensors, data_is_aligned_to_eight_bytes) {
  const std::vector<float> value{1};
  for (const char* name : {"a", "ab", "abc", "abcdefgh"}) {
    write_safetensors(path(), {{name, "F32", {1}, bytes_of(value)}});
    std::uint64_t header_bytes = 0;
    std::memcpy(&header_bytes, text_of(path()).data(), 8);
    EXPECT_EQ(header_bytes % 8, 0);
  }
}

TEST_F(Safetensors, reads_a_file_that_another_program_wrote) {
  // The bytes of safetensors.numpy.save({"x": np.array([1, 2], dtype=np.uint8)}).
  write(R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}   )", std::string("\x01\x02"));
  const SafetensorsFile file(path());
  EXPECT_EQ(file.at("x").bytes[1], std::byte{2});
  EXPECT_TRUE(file.contains("x"));
  EXPECT_FALSE(file.contains("y"));
}

TEST_F(Safetensors, an_unknown_tensor_gets_the_nearest_name) {
  write(R"({"weights":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x");
  const SafetensorsFile file(path());
  try {
    file.at("wieghts");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no tensor 'wieghts'; did you mean 'weights'?"));
  }
}

TEST_F(Safetensors, refuses_a_file_without_room_for_a_header) {
  write_raw("");
  EXPECT_THAT(refusal(), HasSubstr("shorter than 8 bytes"));
  write_raw("1234567");
  EXPECT_THAT(refusal(), HasSubstr("shorter than 8 bytes"));
}

TEST_F(Safetensors, refuses_a_header_longer_than_the_file) {
  write_raw(std::string("\x09\0\0\0\0\0\0\0{}", 10));
  EXPECT_THAT(refusal(), HasSubstr("header length 9 in a file of 10 bytes"));
  write_raw(std::string(8, '\xff') + "{}");
  EXPECT_THAT(refusal(), HasSubstr("header length"));
}

TEST_F(Safetensors, refuses_headers_that_are_no_json_of_the_right_form) {
  for (const char* header : {"{",
                             "[]x",
                             "\"text\"",
                             R"({"x":3})",
                             R"({"x":{"dtype":"U8"}})",
                             R"({"x":{"dtype":"U8","shape":"no","data_offsets":[0,0]}})",
                             R"({"x":{"dtype":"U8","shape":[0],"data_offsets":[0]}})",
                             R"({"__metadata__":{"a":1}})"}) {
    write(header, "");
    EXPECT_THAT(refusal(), HasSubstr("not a usable safetensors file")) << header;
  }
}

TEST_F(Safetensors, refuses_numbers_that_are_no_whole_ones) {
  for (const char* number : {"1.0", "1e300", "18446744073709551617", "-9223372036854775808"}) {
    const std::string text = number;
    write(R"({"x":{"dtype":"U8","shape":[)" + text + R"(],"data_offsets":[0,1]}})", "x");
    EXPECT_THAT(refusal(), HasSubstr("not a usable safetensors file")) << number;
    write(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,)" + text + "]}}", "x");
    EXPECT_THAT(refusal(), HasSubstr("not a usable safetensors file")) << number;
  }
}

TEST_F(Safetensors, refuses_headers_nested_too_deep) {
  write(std::string(2'000'000, '['), "");
  EXPECT_THAT(refusal(), HasSubstr("nested deeper than 64"));
}

// Linear in the number of tensors: a quadratic one takes minutes.
TEST_F(Safetensors, reads_many_tensors) {
  constexpr std::size_t kTensors = 100'000;
  std::string header = "{";
  for (std::size_t i = 0; i < kTensors; ++i) {
    header += (i == 0 ? "\"t" : ",\"t") + std::to_string(i) +
              R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" + std::to_string(i) + "," +
              std::to_string(i + 1) + "]}";
  }
  write(header + "}", std::string(kTensors, 'x'));
  const SafetensorsFile file(path());
  ASSERT_EQ(file.tensors().size(), kTensors);
  EXPECT_EQ(file.tensors()[98'765].name, "t98765") << "in the order in which they lie";
}

TEST_F(Safetensors, refuses_dtypes_that_it_does_not_know) {
  write(R"({"x":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}})", "x");
  EXPECT_THAT(refusal(), HasSubstr("unknown safetensors dtype 'F8'"));
  EXPECT_THROW(dtype_bytes("float32"), ConfigError);
  EXPECT_EQ(dtype_bytes("BF16"), 2);
}

TEST_F(Safetensors, refuses_offsets_outside_the_file_or_backwards) {
  write(R"({"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})", "xy");
  EXPECT_THAT(refusal(), HasSubstr("'x' lies at bytes 0..3 of 2"));
  write(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}})", "xy");
  EXPECT_THAT(refusal(), HasSubstr("'x' lies at bytes 2..1 of 2"));
}

TEST_F(Safetensors, refuses_shapes_that_do_not_fit_their_bytes) {
  write(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,2]}})", "xy");
  EXPECT_THAT(refusal(), HasSubstr("'x' needs 1 bytes, but has 2"));
  write(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,2]}})", "xy");
  EXPECT_THAT(refusal(), HasSubstr("the shape of 'x' does not fit the file"));
  write(R"({"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,2]}})", "xy");
  EXPECT_THAT(refusal(), HasSubstr("the shape of 'x' does not fit the file"));
  // 2^32 * 2^32 bytes would overflow to 0.
  write(R"({"x":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "");
  EXPECT_THAT(refusal(), HasSubstr("the shape of 'x' does not fit the file"));
}

TEST_F(Safetensors, refuses_overlaps_gaps_and_trailing_bytes) {
  const std::string x = R"("x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
  write("{" + x + R"(,"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", "abc");
  EXPECT_THAT(refusal(), HasSubstr("'y' overlaps another tensor or leaves a gap"));
  write("{" + x + R"(,"y":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}})", "abcd");
  EXPECT_THAT(refusal(), HasSubstr("'y' overlaps another tensor or leaves a gap"));
  write("{" + x + "}", "abc");
  EXPECT_THAT(refusal(), HasSubstr("bytes after the last tensor"));
}

TEST_F(Safetensors, a_missing_file_is_the_machines_fault) {
  EXPECT_THROW(SafetensorsFile("/nonexistent/x.safetensors"), EnvironmentError);
}

TEST_F(Safetensors, writing_a_shape_that_does_not_fit_is_our_bug) {
  const std::vector<float> value{1};
  EXPECT_THROW(write_safetensors(path(), {{"x", "F32", {2}, bytes_of(value)}}), std::logic_error);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST(CountNotFinite, counts_infinities_and_nans_of_every_type) {
  constexpr float kInfinite = std::numeric_limits<float>::infinity();
  const std::vector<float> floats{1, kInfinite, -kInfinite, std::nanf(""), 3.4e38F, 1e-45F};
  EXPECT_EQ(count_not_finite({"x", "F32", {6}, bytes_of(floats)}), 3);
  const std::vector<double> doubles{1e308, std::nan(""), -HUGE_VAL, 0};
  EXPECT_EQ(count_not_finite({"x", "F64", {4}, bytes_of(doubles)}), 2);
  const std::vector<std::uint16_t> brain{0x7f80, 0xffc0, 0x7f7f, 0x3f80};
  EXPECT_EQ(count_not_finite({"x", "BF16", {4}, bytes_of(brain)}), 2);
  const std::vector<std::int64_t> integers{-1, 0x7ff0000000000000};
  EXPECT_EQ(count_not_finite({"x", "I64", {2}, bytes_of(integers)}), 0);
}

}  // namespace
}  // namespace headway
