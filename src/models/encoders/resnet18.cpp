#include <fmt/format.h>

#include <optional>
#include <vector>

#include "models/encoders/encoder.h"
#include "models/layers/batch_norm/batch_norm2d.h"
#include "models/layers/conv2d.h"
#include "models/layers/pooling.h"

namespace headway {
namespace {

constexpr int kStages = 4;
constexpr int kBlocksPerStage = 2;

/// ReLU(bn2(conv2(ReLU(bn1(conv1 x)))) + shortcut(x)); the shortcut is the identity, or a 1x1
/// convolution with batch norm where the stride or the number of channels changes.
class BasicBlock {
 public:
  BasicBlock(ParameterSet& parameters, const std::string& name, const Conv2dShape& shape)
      : conv1_(parameters, name + ".conv1", shape),
        bn1_(parameters, name + ".bn1", shape.out),
        conv2_(parameters, name + ".conv2", {.in = shape.out, .out = shape.out}),
        bn2_(parameters, name + ".bn2", shape.out) {
    if (shape.stride == 1 && shape.in == shape.out) return;
    shortcut_conv_.emplace(
        parameters,
        name + ".shortcut.0",
        Conv2dShape{.in = shape.in, .out = shape.out, .kernel = 1, .stride = shape.stride});
    shortcut_bn_.emplace(parameters, name + ".shortcut.1", shape.out);
  }

  ForkedActivation forward(const ForkedActivation& x, bool training) const {
    at::Tensor inner = bn1_.forward_relu(conv1_.forward(x.first), training);
    inner = conv2_.forward(inner);
    if (!shortcut_conv_) return bn2_.fork_add_relu(inner, x.second, training);
    const at::Tensor shortcut = shortcut_bn_->forward(shortcut_conv_->forward(x.second), training);
    return bn2_.fork_add_relu(inner, shortcut, training);
  }

 private:
  Conv2d conv1_;
  BatchNorm2d bn1_;
  Conv2d conv2_;
  BatchNorm2d bn2_;
  std::optional<Conv2d> shortcut_conv_;
  std::optional<BatchNorm2d> shortcut_bn_;
};

/// ResNet-18 (He et al., CVPR 2016) with the stem for small images: one 3x3 convolution of stride 1
/// and no max pool. Four stages of `width` times 1, 2, 4 and 8 channels; 64 is the published width.
/// Parameter names as in kuangliu/pytorch-cifar; ends in ReLU, so features are not negative.
class ResNet18 : public Encoder {
 public:
  ResNet18(std::int64_t width,
           const std::string& pooling,
           const ImageShape& image,
           ParameterSet& parameters)
      : conv1_(parameters, "conv1", {.in = image.channels, .out = width}),
        bn1_(parameters, "bn1", width),
        pooling_(pooling, {8 * width, (image.height + 7) / 8, (image.width + 7) / 8}) {
    std::int64_t channels = width;
    for (int stage = 0; stage < kStages; ++stage) {
      const std::int64_t planes = width << stage;
      for (int block = 0; block < kBlocksPerStage; ++block) {
        const std::int64_t stride = stage > 0 && block == 0 ? 2 : 1;
        blocks_.emplace_back(parameters,
                             fmt::format("layer{}.{}", stage + 1, block),
                             Conv2dShape{.in = channels, .out = planes, .stride = stride});
        channels = planes;
      }
    }
  }

  at::Tensor forward(const at::Tensor& images, bool training) override {
    const at::Tensor stem = conv1_.forward(as_channels_last(images));
    ForkedActivation x = bn1_.fork_relu(stem, training);                     // [B, w, H, W]
    for (const BasicBlock& block : blocks_) x = block.forward(x, training);  // [B, 8w, H/8, W/8]
    return pooling_.forward(x.first);                                        // [B, D]
  }

  std::int64_t feature_size() const override { return pooling_.feature_size(); }

 private:
  Conv2d conv1_;
  BatchNorm2d bn1_;
  std::vector<BasicBlock> blocks_;
  Pooling pooling_;
};

}  // namespace

std::unique_ptr<Encoder> make_resnet18(const EncoderConfig& config,
                                       const ImageShape& image,
                                       ParameterSet& parameters) {
  return std::make_unique<ResNet18>(
      config.options.integer("width"), config.options.text("pooling"), image, parameters);
}

}  // namespace headway
