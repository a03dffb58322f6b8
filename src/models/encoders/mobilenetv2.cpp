#include <fmt/format.h>

#include <algorithm>

#include "models/encoders/encoders.h"

namespace headway {
namespace {

struct Stage {
  std::int64_t expansion;
  std::int64_t out;  // channels of the published width
  int blocks;
  std::int64_t stride;  // of its first block
};

constexpr std::int64_t kStemChannels = 32;
constexpr std::int64_t kLastChannels = 1280;
constexpr Stage kStages[] = {{1, 16, 1, 1},
                             {6, 24, 2, 1},
                             {6, 32, 3, 2},
                             {6, 64, 4, 2},
                             {6, 96, 3, 1},
                             {6, 160, 3, 2},
                             {6, 320, 1, 1}};

/// Adds layers of one activation.
struct MobileNet {
  GraphBuilder& graph;
  ActivationKind activation;

  Value activated(const std::string& norm, Value x) const {
    return graph.activation(activation, graph.batch_norm(norm, x));
  }

  /// bn3(conv3(act(bn2(depth-wise conv2(act(bn1(conv1 x))))))), plus a shortcut if the stride is 1:
  /// x, or where channels change a 1x1 convolution with batch norm.
  Value block(const std::string& name, Value x, const Stage& stage) const {
    const std::int64_t inside = stage.expansion * graph.channels(x);
    Value inner = graph.conv(name + ".conv1", x, {.out = inside, .kernel = 1});
    inner = activated(name + ".bn1", inner);
    inner = graph.conv(
        name + ".conv2", inner, {.out = inside, .stride = stage.stride, .groups = inside});
    inner = activated(name + ".bn2", inner);
    inner = graph.conv(name + ".conv3", inner, {.out = stage.out, .kernel = 1});
    inner = graph.batch_norm(name + ".bn3", inner);
    if (stage.stride != 1) return inner;
    if (graph.channels(x) == stage.out) return graph.add(inner, x);
    const Value projected = graph.conv(name + ".shortcut.0", x, {.out = stage.out, .kernel = 1});
    return graph.add(inner, graph.batch_norm(name + ".shortcut.1", projected));
  }
};

/// `channels` of the published network at another width: the nearest multiple of 8, at least 8.
std::int64_t scaled(std::int64_t channels, std::int64_t width) {
  const std::int64_t eighths = (channels * width + 4 * kStemChannels) / (8 * kStemChannels);
  return 8 * std::max<std::int64_t>(1, eighths);
}

}  // namespace

template <>
ComponentSpec EncoderComponent<MobileNetV2>::spec() {
  OptionSpec width = width_option(kStemChannels);
  width.summary =
      "channels of the stem; all channels scale with it and are rounded to multiples of 8";
  return {
      .name = "mobilenetv2",
      .summary =
          "MobileNetV2 for small images: inverted residual blocks with depth-wise convolutions; "
          "features >= 0",
      .source = "Sandler et al., CVPR 2018; github.com/kuangliu/pytorch-cifar",
      .options = {width,
                  pooling_option(),
                  {.name = "activation",
                   .type = OptionType::kText,
                   .default_value = "relu",
                   .summary = "relu: as in pytorch-cifar; relu6, min(relu, 6): as in the paper",
                   .limits = {.choices = {"relu", "relu6"}}}}};
}

// Parameter names as in kuangliu/pytorch-cifar, whose strides fit images of 32 x 32.
template <>
Value EncoderComponent<MobileNetV2>::build(GraphBuilder& graph, const Options& options) {
  const std::int64_t width = options.integer("width");
  const bool relu6 = options.text("activation") == "relu6";
  const MobileNet net{graph, relu6 ? ActivationKind::kRelu6 : ActivationKind::kRelu};
  Value x = graph.conv("conv1", graph.image(), {.out = scaled(kStemChannels, width)});
  x = net.activated("bn1", x);
  int index = 0;
  for (const Stage& stage : kStages) {
    for (int i = 0; i < stage.blocks; ++i) {
      const std::string name = fmt::format("layers.{}", index++);
      x = net.block(
          name, x, {stage.expansion, scaled(stage.out, width), 1, i == 0 ? stage.stride : 1});
    }
  }
  x = graph.conv("conv2", x, {.out = scaled(kLastChannels, width), .kernel = 1});
  return net.activated("bn2", x);  // 40w, H/8 x W/8
}

}  // namespace headway
