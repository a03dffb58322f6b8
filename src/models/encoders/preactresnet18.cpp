#include <fmt/format.h>

#include "models/encoders/encoders.h"

namespace headway {
namespace {

/// a = ReLU(bn1 x); conv2(ReLU(bn2(conv1 a))) + shortcut. The shortcut is x itself, or a 1x1
/// convolution of a, without batch norm, where the stride or the number of channels changes.
Value pre_activation_block(GraphBuilder& graph,
                           const std::string& name,
                           Value x,
                           const ConvLayer& first) {
  const Value activated = graph.relu(graph.batch_norm(name + ".bn1", x));
  Value inner = graph.conv(name + ".conv1", activated, first);
  inner = graph.relu(graph.batch_norm(name + ".bn2", inner));
  inner = graph.conv(name + ".conv2", inner, {.out = first.out});
  Value shortcut = x;
  if (first.stride != 1 || graph.channels(x) != first.out) {
    shortcut = graph.conv(
        name + ".shortcut.0", activated, {.out = first.out, .kernel = 1, .stride = first.stride});
  }
  return graph.add(inner, shortcut);
}

}  // namespace

template <>
ComponentSpec EncoderComponent<PreActResNet18>::spec() {
  return {
      .name = "preactresnet18",
      .summary =
          "ResNet-18 with batch norm and ReLU before each convolution, 3x3 stem; features have "
          "signs",
      .source = "He et al., ECCV 2016 (arXiv 1603.05027); github.com/kuangliu/pytorch-cifar",
      .options = {width_option(64),
                  pooling_option(),
                  {.name = "final_activation",
                   .type = OptionType::kText,
                   .default_value = "as_published",
                   .summary = "as_published: pool the last sum as it is; bn_relu: after batch norm "
                              "and ReLU, so that features are >= 0",
                   .limits = {.choices = {"as_published", "bn_relu"}}}}};
}

// Parameter names as in kuangliu/pytorch-cifar, whose code has no final batch norm.
template <>
Value EncoderComponent<PreActResNet18>::build(GraphBuilder& graph, const Options& options) {
  const std::int64_t width = options.integer("width");
  Value x = graph.conv("conv1", graph.image(), {.out = width});
  for (int stage = 0; stage < 4; ++stage) {
    for (int block = 0; block < 2; ++block) {
      const std::int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      const std::string name = fmt::format("layer{}.{}", stage + 1, block);
      x = pre_activation_block(graph, name, x, {.out = width << stage, .stride = stride});
    }
  }
  if (options.text("final_activation") == "as_published") return x;  // 8w, H/8 x W/8
  return graph.relu(graph.batch_norm("bn", x));
}

}  // namespace headway
