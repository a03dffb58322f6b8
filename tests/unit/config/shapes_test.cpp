#include <gtest/gtest.h>

#include "base/errors.h"
#include "config/schema/catalog.h"

namespace headway {
namespace {

EncoderConfig encoder(const char* name, int width, const char* pooling = "global") {
  return {name, Options({{"width", width}, {"pooling", pooling}})};
}

ImageShape images(std::int64_t side, std::int64_t channels) {
  return {channels, side, side};
}

TEST(DatasetDescription, of_fashion_mnist) {
  const DatasetDescription shape = describe_dataset(DatasetConfig());
  EXPECT_EQ(shape.classes, 10);
  EXPECT_EQ(shape.image.channels, 1);
  EXPECT_EQ(shape.image.height, 28);
  EXPECT_EQ(shape.train_count, 60000);
  EXPECT_EQ(shape.test_count, 10000);
  DatasetConfig cut;
  cut.samples_per_class = 50;
  EXPECT_EQ(describe_dataset(cut).train_count, 500);
}

// Counts of the published network by width of its first stage (32 px, 3 channels).
TEST(EncoderSummary, resnet18_parameters_at_every_width) {
  const std::pair<int, std::int64_t> counts[] = {
      {8, 175752}, {16, 700176}, {32, 2795040}, {64, 11168832}, {128, 44652672}};
  for (const auto& [width, count] : counts) {
    const EncoderSummary shape = summarise_encoder(encoder("resnet18", width), images(32, 3));
    EXPECT_EQ(shape.parameter_count, count) << width;
    EXPECT_EQ(shape.feature_size, 8 * width);
  }
}

TEST(EncoderSummary, resnet18_on_one_channel_of_28_pixels) {
  EXPECT_EQ(summarise_encoder(encoder("resnet18", 64), images(28, 1)).parameter_count, 11167680);
  EXPECT_EQ(summarise_encoder(encoder("resnet18", 16), images(28, 1)).parameter_count, 699888);
}

TEST(EncoderSummary, resnet18_multiply_adds) {
  const auto millions = [](int width, std::int64_t side) {
    return summarise_encoder(encoder("resnet18", width), images(side, 3)).multiply_adds / 1e6;
  };
  EXPECT_NEAR(millions(64, 32), 555.4, 0.05);
  EXPECT_NEAR(millions(64, 64), 2221.7, 0.05);
  EXPECT_NEAR(millions(64, 96), 4998.8, 0.05);
  EXPECT_NEAR(millions(64, 28), 456.7, 0.05);
  EXPECT_NEAR(millions(8, 32), 8.87, 0.005);
  EXPECT_NEAR(millions(16, 32), 35.05, 0.005);
  EXPECT_NEAR(millions(32, 32), 139.3, 0.05);
  EXPECT_NEAR(millions(128, 32), 2218, 0.5);
}

TEST(EncoderSummary, small_cnn_parameters_follow_their_formula) {
  for (const std::int64_t w : {1, 4, 32, 100}) {
    for (const std::int64_t c : {1, 3}) {
      const auto config = encoder("small_cnn", static_cast<int>(w));
      EXPECT_EQ(summarise_encoder(config, images(28, c)).parameter_count,
                9 * c * w + 90 * w * w + 14 * w);
    }
  }
  EXPECT_EQ(summarise_encoder(encoder("small_cnn", 32), images(28, 1)).parameter_count, 92896);
  EXPECT_NEAR(
      summarise_encoder(encoder("small_cnn", 32), images(28, 1)).multiply_adds / 1e6, 7.45, 0.005);
}

TEST(EncoderSummary, feature_size_by_pooling_and_side) {
  const auto features = [](const char* name, const char* pooling, std::int64_t side) {
    return summarise_encoder(encoder(name, 64, pooling), images(side, 3)).feature_size;
  };
  for (const std::int64_t side : {28, 32, 64, 96})
    EXPECT_EQ(features("resnet18", "global", side), 512);
  EXPECT_EQ(features("resnet18", "average4", 28), 512);
  EXPECT_EQ(features("resnet18", "average4", 32), 512);
  EXPECT_EQ(features("resnet18", "average4", 64), 2048);
  EXPECT_EQ(features("resnet18", "average4", 96), 4608);
  EXPECT_EQ(features("resnet18", "flatten", 28), 512 * 16);
  EXPECT_EQ(features("small_cnn", "global", 28), 256);
  EXPECT_EQ(features("small_cnn", "average4", 28), 256);
  EXPECT_EQ(features("small_cnn", "flatten", 28), 256 * 49);
}

TEST(EncoderSummary, images_that_are_too_small_are_refused) {
  EXPECT_THROW(summarise_encoder(encoder("resnet18", 8, "average4"), images(24, 1)), ConfigError);
  EXPECT_NO_THROW(summarise_encoder(encoder("resnet18", 8, "average4"), images(25, 1)));
  EXPECT_THROW(summarise_encoder(encoder("small_cnn", 8, "average4"), images(15, 1)), ConfigError);
  EXPECT_NO_THROW(summarise_encoder(encoder("small_cnn", 8, "average4"), images(16, 1)));
  EXPECT_THROW(summarise_encoder(encoder("small_cnn", 8), images(3, 1)), ConfigError);
  EXPECT_NO_THROW(summarise_encoder(encoder("small_cnn", 8), images(4, 1)));
}

}  // namespace
}  // namespace headway
