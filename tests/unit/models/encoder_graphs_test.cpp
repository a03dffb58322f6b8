// Graphs and what is read from them without LibTorch: sizes, costs, signs, refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/errors.h"
#include "models/encoders/encoders.h"
#include "models/graph/graph_builder.h"
#include "support/smallest_side.h"

namespace headway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Changes = std::initializer_list<std::pair<std::string, nlohmann::json>>;

EncoderConfig encoder(const std::string& name, const Changes& changes = {}) {
  EncoderConfig config{.name = name, .options = default_options(Family::kEncoder, name)};
  for (const auto& [option, value] : changes) config.options.values()[option] = value;
  return config;
}

EncoderSummary summary(const std::string& name, std::int64_t side, const Changes& changes = {}) {
  return summarise_encoder(encoder(name, changes), {3, side, side});
}

template <typename Error>
std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "(accepted)";
}

/// A published network: its options have their defaults.
struct Published {
  const char* name;
  std::int64_t features;                                  // with pooling `global`
  std::int64_t parameters;                                // of the encoder, on three channels
  std::int64_t stem;                                      // channels of the first convolution
  std::vector<std::pair<std::int64_t, double>> millions;  // side -> multiply-adds / 10^6
};

const Published kPublished[] = {
    {"resnet18", 512, 11'168'832, 64, {{28, 456.7}, {32, 555.4}, {64, 2221.7}, {96, 4998.8}}},
    {"preactresnet18", 512, 11'166'016, 64, {{28, 456.7}, {32, 555.4}, {64, 2221.7}, {96, 4998.8}}},
    {"mobilenetv2", 1280, 2'284'112, 32, {{28, 76.0}, {32, 91.1}, {64, 364.6}, {96, 820.3}}},
    {"small_cnn", 128, 93'472, 32, {}}};

TEST(EncoderGraphs, sizes_and_costs_are_the_published_ones) {
  for (const Published& network : kPublished) {
    for (const auto& [side, millions] : network.millions) {
      EXPECT_NEAR(summary(network.name, side).multiply_adds / 1e6, millions, 0.05) << network.name;
    }
    const EncoderSummary found = summary(network.name, 32);
    EXPECT_EQ(found.parameter_count, network.parameters) << network.name;
    EXPECT_EQ(found.feature_size, network.features) << network.name;
    EXPECT_EQ(found.stem_channels, network.stem) << network.name;
    // One channel: the first convolution loses two thirds of its 9 * 3 * stem weights.
    EXPECT_EQ(summarise_encoder(encoder(network.name), {1, 32, 32}).parameter_count,
              network.parameters - 2 * 9 * network.stem)
        << network.name;
  }
}

TEST(EncoderGraphs, feature_sizes_follow_the_pooling) {
  for (const char* name : {"resnet18", "preactresnet18", "mobilenetv2"}) {
    const std::int64_t channels = summary(name, 32).feature_size;
    const std::pair<std::int64_t, std::int64_t> windows[] = {{28, 1}, {32, 1}, {64, 4}, {96, 9}};
    for (const auto& [side, count] : windows) {
      EXPECT_EQ(summary(name, side, {{"pooling", "average4"}}).feature_size, count * channels);
      const std::int64_t height = (side + 7) / 8;
      EXPECT_EQ(summary(name, side, {{"pooling", "flatten"}}).feature_size,
                height * height * channels);
    }
  }
}

TEST(PreActResNet18, has_signed_features_unless_batch_norm_and_relu_end_it) {
  EXPECT_FALSE(summary("preactresnet18", 32).non_negative_features);
  const EncoderSummary relu = summary("preactresnet18", 32, {{"final_activation", "bn_relu"}});
  EXPECT_TRUE(relu.non_negative_features);
  EXPECT_EQ(relu.parameter_count, 11'166'016 + 1'024);
  EXPECT_EQ(summary("preactresnet18", 32, {{"width", 16}}).parameter_count, 699'472);
}

TEST(MobileNetV2, has_channels_in_multiples_of_eight_at_every_width) {
  for (const std::int64_t width : {1, 4, 8, 20, 32, 40, 64}) {
    const Graph graph = encoder_graph(encoder("mobilenetv2", {{"width", width}}), {3, 32, 32});
    for (const GraphNode& node : graph.nodes) {
      const auto* conv = std::get_if<ConvLayer>(&node.layer);
      EXPECT_TRUE(conv == nullptr || conv->out % 8 == 0) << node.name << " at width " << width;
    }
  }
  EXPECT_EQ(summary("mobilenetv2", 32, {{"width", 64}}).feature_size, 2560);
  EXPECT_EQ(summary("mobilenetv2", 32, {{"width", 20}}).stem_channels, 24);  // 2.5 eights: up
}

TEST(MobileNetV2, has_the_same_size_and_sign_with_relu6) {
  const EncoderSummary relu = summary("mobilenetv2", 32);
  const EncoderSummary relu6 = summary("mobilenetv2", 32, {{"activation", "relu6"}});
  EXPECT_EQ(relu6.parameter_count, relu.parameter_count);
  EXPECT_EQ(relu6.multiply_adds, relu.multiply_adds);
  EXPECT_TRUE(relu.non_negative_features);
  EXPECT_TRUE(relu6.non_negative_features);
}

/// What every encoder in the table must keep.
class EveryEncoderGraph : public ::testing::TestWithParam<std::string> {
 protected:
  std::int64_t side_ = smallest_side(encoder(GetParam()), 32);
};

TEST_P(EveryEncoderGraph, is_in_order_with_one_name_for_each_layer_that_has_parameters) {
  const Graph graph = encoder_graph(encoder(GetParam()), {3, side_, side_});
  std::set<std::string> names;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    for (const std::size_t input : node.inputs) EXPECT_LT(input, i);
    const bool has_parameters = std::holds_alternative<ConvLayer>(node.layer) ||
                                std::holds_alternative<BatchNormLayer>(node.layer) ||
                                std::holds_alternative<LinearLayer>(node.layer);
    EXPECT_EQ(has_parameters, !node.name.empty());
    EXPECT_TRUE(!has_parameters || names.insert(node.name).second) << node.name;
  }
  EXPECT_TRUE(graph.nodes.back().shape.is_vector);
}

TEST_P(EveryEncoderGraph, has_a_width_that_its_stem_and_all_stages_follow) {
  const auto at_width = [&](int width) {
    return summarise_encoder(encoder(GetParam(), {{"width", width}}), {3, side_, side_});
  };
  EXPECT_EQ(at_width(16).stem_channels, 16);
  EXPECT_EQ(at_width(64).stem_channels, 64);
  EXPECT_EQ(at_width(64).feature_size, 2 * at_width(32).feature_size);
  EXPECT_GT(at_width(64).parameter_count, 3 * at_width(32).parameter_count);
}

TEST_P(EveryEncoderGraph, says_which_images_are_too_small_for_average4) {
  const std::int64_t least = smallest_side(encoder(GetParam()));
  for (const auto& [height, width] : {std::pair{least, side_}, {side_, least}}) {
    const std::string message = message_of<ConfigError>([&, image = ImageShape{3, height, width}] {
      summarise_encoder(encoder(GetParam(), {{"pooling", "average4"}}), image);
    });
    EXPECT_THAT(message,
                AllOf(HasSubstr("'" + GetParam() + "'"), HasSubstr("at least 4 x 4, but it is")));
  }
}

TEST_P(EveryEncoderGraph, refuses_a_pooling_that_there_is_not) {
  EXPECT_THAT(message_of<ConfigError>([&] {
                summarise_encoder(encoder(GetParam(), {{"pooling", "globl"}}), {3, side_, side_});
              }),
              HasSubstr("did you mean 'global'"));
}

INSTANTIATE_TEST_SUITE_P(Encoders,
                         EveryEncoderGraph,
                         ::testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const ComponentSpec& spec : catalog(Family::kEncoder)) {
                             names.push_back(spec.name);
                           }
                           return names;
                         }()),
                         [](const auto& name) { return name.param; });

TEST(EncoderGraphs, an_unknown_encoder_is_refused_with_the_nearest) {
  EncoderConfig config = encoder("resnet18");
  config.name = "resnet19";
  EXPECT_THAT(message_of<ConfigError>([&] {
                encoder_graph(config, {3, 32, 32});
              }),
              HasSubstr("did you mean 'resnet18'"));
}

TEST(SmallCnn, names_the_layer_that_an_image_is_too_small_for) {
  EXPECT_EQ(message_of<ConfigError>([] {
              encoder_graph(encoder("small_cnn"), {1, 3, 28});
            }),
            "encoder 'small_cnn': images of 3 x 28 are too small: the max pool after 'bn2' needs a "
            "map of at least 2 x 2, but gets 1 x 14; take larger images or another encoder");
}

class Builder : public ::testing::Test {
 protected:
  GraphBuilder graph_{"net", {3, 10, 12}};
  Value image_ = graph_.image();
};

TEST_F(Builder, sides_follow_kernel_stride_and_padding) {
  const std::pair<ConvLayer, std::pair<std::int64_t, std::int64_t>> cases[] = {
      {{.out = 2}, {10, 12}},
      {{.out = 2, .stride = 2}, {5, 6}},
      {{.out = 2, .stride = 3}, {4, 4}},
      {{.out = 2, .kernel = 1, .stride = 2}, {5, 6}},
      {{.out = 2, .kernel = 7, .stride = 2}, {5, 6}},
      {{.out = 2, .kernel = 5, .padding = 0}, {6, 8}},
      {{.out = 2, .kernel = 10, .padding = 0}, {1, 3}}};
  int index = 0;
  for (const auto& [layer, sides] : cases) {
    const Value map = graph_.conv(std::to_string(index++), image_, layer);
    const Value flat = graph_.features(map, FeaturePooling::kFlatten);
    EXPECT_EQ(graph_.channels(flat), 2 * sides.first * sides.second) << "case " << index;
  }
}

TEST_F(Builder, a_layer_that_the_map_is_too_small_for_is_named) {
  EXPECT_THAT(message_of<ConfigError>(
                  [&] { graph_.conv("big", image_, {.out = 2, .kernel = 13, .padding = 1}); }),
              HasSubstr("images of 10 x 12 are too small: convolution 'big' needs a map of at "
                        "least 11 x 11, but gets 10 x 12"));
  EXPECT_THAT(message_of<ConfigError>([&] { graph_.average_pool(image_, 11); }),
              HasSubstr("the average pool after the image needs a map of at least 11 x 11"));
}

TEST_F(Builder, refuses_what_makes_no_sense_whatever_the_images) {
  const Value x = graph_.conv("conv", image_, {.out = 4});
  const Value half = graph_.max_pool(x, 2);
  const Value vector = graph_.features(half, FeaturePooling::kGlobal);
  const std::function<void()> mistakes[] = {
      [&] { graph_.conv("conv", x, {.out = 4}); },                // the name is taken
      [&] { graph_.conv("other", x, {.in = 5, .out = 4}); },      // 5 channels of 4
      [&] { graph_.conv("other", x, {.out = 6, .groups = 4}); },  // 6 / 4
      [&] { graph_.add(x, half); },
      [&] {
        graph_.concat({x, half});
      },
      [&] { graph_.concat({}); },
      [&] { graph_.linear("fc", half, {.out = 2}); },  // a map
      [&] { graph_.linear("fc", vector, {.in = 3, .out = 2}); },
      [&] { graph_.max_pool(vector, 1); },
      [&] {
        graph_.pool({PoolKind::kMax, 3, 1, 2}, x);
      },
      [&] { graph_.features(vector, FeaturePooling::kGlobal); }};
  for (std::size_t i = 0; i < std::size(mistakes); ++i) {
    EXPECT_THROW(mistakes[i](), std::logic_error) << "mistake " << i;
  }
}

TEST_F(Builder, refuses_a_graph_that_leaves_a_layer_unread_or_ends_in_a_map) {
  const Value x = graph_.conv("conv", image_, {.out = 4});
  EXPECT_THROW(graph_.finish(), std::logic_error);
  graph_.conv("unread", x, {.out = 4});
  graph_.features(x, FeaturePooling::kGlobal);
  EXPECT_THROW(graph_.finish(), std::logic_error);
}

// conv: 6 in two groups of 3 -> 4, 3 x 3, bias: 4 * 3 * 9 + 4 = 112, over 5 x 6 positions; batch
// norm: 2 * 10; linear 10 -> 7 with bias 77.
TEST_F(Builder, parameters_and_multiply_adds_are_counted_by_their_formulas) {
  Value x = graph_.concat({image_, image_});
  const Value conv = graph_.conv("conv", x, {.out = 4, .stride = 2, .groups = 2, .bias = true});
  x = graph_.concat({conv, graph_.average_pool(x, 2)});
  x = graph_.features(graph_.batch_norm("bn", x), FeaturePooling::kGlobal);
  graph_.linear("fc", x, {.out = 7});
  const EncoderSummary found = summarise(graph_.finish());
  EXPECT_EQ(found.parameter_count, 112 + 20 + 77);
  EXPECT_EQ(found.multiply_adds, 108 * 30 + 70);
  EXPECT_EQ(found.feature_size, 7);
  EXPECT_EQ(found.stem_channels, 4);
}

TEST_F(Builder, the_sign_of_the_features_follows_from_the_layers) {
  const auto is_non_negative = [](const std::function<Value(GraphBuilder&, Value)>& layers) {
    GraphBuilder graph("net", {3, 10, 12});
    const Value conv = graph.conv("conv", graph.image(), {.out = 4});
    graph.features(layers(graph, conv), FeaturePooling::kFlatten);
    return summarise(graph.finish()).non_negative_features;
  };
  using G = GraphBuilder&;
  EXPECT_FALSE(is_non_negative([](G, Value x) { return x; }));
  EXPECT_TRUE(is_non_negative([](G g, Value x) { return g.relu(x); }));
  EXPECT_TRUE(
      is_non_negative([](G g, Value x) { return g.activation(ActivationKind::kRelu6, x); }));
  EXPECT_FALSE(
      is_non_negative([](G g, Value x) { return g.activation(ActivationKind::kSilu, x); }));
  EXPECT_FALSE(
      is_non_negative([](G g, Value x) { return g.activation(ActivationKind::kGelu, x); }));
  EXPECT_FALSE(is_non_negative([](G g, Value x) { return g.batch_norm("bn", g.relu(x)); }));
  EXPECT_FALSE(is_non_negative([](G g, Value x) { return g.add(g.relu(x), x); }));
  EXPECT_TRUE(is_non_negative([](G g, Value x) { return g.add(g.relu(x), g.relu(x)); }));
  EXPECT_FALSE(is_non_negative([](G g, Value x) { return g.concat({g.relu(x), x}); }));
  EXPECT_TRUE(is_non_negative([](G g, Value x) { return g.max_pool(g.relu(x), 2); }));
  EXPECT_FALSE(is_non_negative([](G g, Value x) { return g.average_pool(x, 2); }));
}

}  // namespace
}  // namespace headway
