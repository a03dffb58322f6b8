#include <fmt/format.h>

#include "models/encoders/encoders.h"

namespace headway {
namespace {

/// ReLU(bn2(conv2(ReLU(bn1(conv1 x)))) + shortcut(x)); the shortcut is the identity, or a 1x1
/// convolution with batch norm where the stride or the number of channels changes.
Value basic_block(GraphBuilder& graph, const std::string& name, Value x, const ConvLayer& first) {
  Value inner = graph.conv(name + ".conv1", x, first);
  inner = graph.relu(graph.batch_norm(name + ".bn1", inner));
  inner = graph.conv(name + ".conv2", inner, {.out = first.out});
  inner = graph.batch_norm(name + ".bn2", inner);
  Value shortcut = x;
  if (first.stride != 1 || graph.channels(x) != first.out) {
    shortcut = graph.conv(
        name + ".shortcut.0", x, {.out = first.out, .kernel = 1, .stride = first.stride});
    shortcut = graph.batch_norm(name + ".shortcut.1", shortcut);
  }
  return graph.relu(graph.add(inner, shortcut));
}

}  // namespace

template <>
ComponentSpec EncoderComponent<ResNet18>::spec() {
  return {.name = "resnet18",
          .summary = "ResNet-18 with the 3x3 stem for small images; features >= 0",
          .source = "He et al., CVPR 2016; github.com/kuangliu/pytorch-cifar",
          .options = {width_option(64), pooling_option()}};
}

// The stem is one 3x3 convolution of stride 1, without a max pool. Four stages of two blocks have
// `width` times 1, 2, 4 and 8 channels. Parameter names as in kuangliu/pytorch-cifar.
template <>
Value EncoderComponent<ResNet18>::build(GraphBuilder& graph, const Options& options) {
  const std::int64_t width = options.integer("width");
  Value x = graph.conv("conv1", graph.image(), {.out = width});
  x = graph.relu(graph.batch_norm("bn1", x));
  for (int stage = 0; stage < 4; ++stage) {
    for (int block = 0; block < 2; ++block) {
      const std::int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      const std::string name = fmt::format("layer{}.{}", stage + 1, block);
      x = basic_block(graph, name, x, {.out = width << stage, .stride = stride});
    }
  }
  return x;  // 8w, H/8 x W/8
}

}  // namespace headway
