#include <ATen/ops/max_pool2d.h>
#include <fmt/format.h>

#include "base/errors.h"
#include "models/encoders/encoder.h"
#include "models/layers/batch_norm/batch_norm2d.h"
#include "models/layers/conv2d.h"
#include "models/layers/pooling.h"

namespace headway {
namespace {

constexpr std::int64_t kSmallestSide = 4;  // two poolings by 2 leave one position

/// Three 3x3 convolutions of w, 2w and 4w channels, each with batch norm and ReLU, a 2x2 max pool
/// after the first two. For tests and CPU-sized sweeps; own design.
class SmallCnn : public Encoder {
 public:
  SmallCnn(std::int64_t width,
           const std::string& pooling,
           const ImageShape& image,
           ParameterSet& parameters)
      : conv1_(parameters, "conv1", {.in = image.channels, .out = width}),
        bn1_(parameters, "bn1", width),
        conv2_(parameters, "conv2", {.in = width, .out = 2 * width}),
        bn2_(parameters, "bn2", 2 * width),
        conv3_(parameters, "conv3", {.in = 2 * width, .out = 4 * width}),
        bn3_(parameters, "bn3", 4 * width),
        pooling_(pooling, {4 * width, image.height / 4, image.width / 4}) {}

  at::Tensor forward(const at::Tensor& images, bool training) override {
    at::Tensor x = as_channels_last(images);                                // [B, C, H, W]
    x = at::max_pool2d(bn1_.forward_relu(conv1_.forward(x), training), 2);  // [B, w, H/2, W/2]
    x = at::max_pool2d(bn2_.forward_relu(conv2_.forward(x), training), 2);  // [B, 2w, H/4, W/4]
    x = bn3_.forward_relu(conv3_.forward(x), training);                     // [B, 4w, H/4, W/4]
    return pooling_.forward(x);                                             // [B, D]
  }

  std::int64_t feature_size() const override { return pooling_.feature_size(); }

 private:
  Conv2d conv1_;
  BatchNorm2d bn1_;
  Conv2d conv2_;
  BatchNorm2d bn2_;
  Conv2d conv3_;
  BatchNorm2d bn3_;
  Pooling pooling_;
};

}  // namespace

std::unique_ptr<Encoder> make_small_cnn(const EncoderConfig& config,
                                        const ImageShape& image,
                                        ParameterSet& parameters) {
  if (image.height < kSmallestSide || image.width < kSmallestSide) {
    throw ConfigError(
        fmt::format("encoder 'small_cnn': images of {} x {} are too small, at least "
                    "{} x {} are needed",
                    image.height,
                    image.width,
                    kSmallestSide,
                    kSmallestSide));
  }
  return std::make_unique<SmallCnn>(
      config.options.integer("width"), config.options.text("pooling"), image, parameters);
}

}  // namespace headway
