#include "data/batch_assembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "config/schema/catalog.h"

namespace headway {
namespace {

constexpr std::int64_t kLevels = 256;

struct Normalization {
  std::vector<double> mean;
  std::vector<double> std;
};

Normalization normalization(const DatasetConfig& config, std::int64_t channels) {
  const auto size = static_cast<std::size_t>(channels);
  if (config.normalization == "none") return {std::vector(size, 0.0), std::vector(size, 1.0)};
  if (config.normalization == "half") return {std::vector(size, 0.5), std::vector(size, 0.5)};
  if (config.normalization == "dataset") {
    const DatasetDescription shape = describe_dataset(config);
    expects(shape.mean.size() == size && shape.std.size() == size,
            "the catalog's channel statistics do not fit the images of " + config.name);
    return {shape.mean, shape.std};
  }
  throw ConfigError(fmt::format("dataset.normalization: unknown value '{}'{}",
                                config.normalization,
                                suggestion(config.normalization, {"dataset", "half", "none"})));
}

std::vector<float> make_lookup(const Normalization& statistics) {
  std::vector<float> lookup;
  for (std::size_t channel = 0; channel < statistics.mean.size(); ++channel) {
    for (std::int64_t level = 0; level < kLevels; ++level) {
      const double scaled = static_cast<double>(level) / 255;
      lookup.push_back(
          static_cast<float>((scaled - statistics.mean[channel]) / statistics.std[channel]));
    }
  }
  return lookup;
}

// One row's worth of pixels at `source`, `source` + step * C, ... The number of channels is a
// template argument where it is common, so that the loop over channels unrolls; 0 = any.
template <std::int64_t kChannels>
void convert(const std::uint8_t* source,
             std::int64_t step,
             std::int64_t pixels,
             std::int64_t channels,
             const float* lookup,
             float* out) {
  const std::int64_t depth = kChannels > 0 ? kChannels : channels;
  const std::int64_t stride = step * depth;
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    const std::uint8_t* const values = source + pixel * stride;
    for (std::int64_t channel = 0; channel < depth; ++channel) {
      out[pixel * depth + channel] = lookup[channel * kLevels + values[channel]];
    }
  }
}

using Convert = decltype(convert<0>);

Convert* converter(std::int64_t channels) {
  switch (channels) {
    case 1:
      return convert<1>;
    case 3:
      return convert<3>;
    default:
      return convert<0>;
  }
}

float* fill_black(std::int64_t pixels, std::int64_t channels, const float* lookup, float* out) {
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      *out++ = lookup[channel * kLevels];
    }
  }
  return out;
}

}  // namespace

BatchAssembler::BatchAssembler(const ImageSet& images, const TrialConfig& config)
    : BatchAssembler(images, config, make_augmentations(config.augmentation)) {}

BatchAssembler::BatchAssembler(const ImageSet& images,
                               const TrialConfig& config,
                               std::vector<std::unique_ptr<Augmentation>> steps)
    : images_(images),
      seed_(static_cast<std::uint64_t>(config.effective_order_seed())),
      steps_(std::move(steps)),
      lookup_(make_lookup(normalization(config.dataset, images.channels))) {}

const std::uint8_t* BatchAssembler::image(std::int32_t index) const {
  expects(index >= 0 && index < images_.count, "a sample index lies outside the data set");
  return images_.images.data() + index * images_.image_bytes();
}

SampleDraws BatchAssembler::draws(std::int64_t epoch, std::int32_t index) const {
  return {seed_, static_cast<std::uint64_t>(epoch), static_cast<std::uint32_t>(index)};
}

void BatchAssembler::augmented(std::span<const std::int32_t> indices,
                               std::int64_t epoch,
                               float* out) const {
  for (const std::int32_t index : indices) {
    SampleImage sample(image(index), images_.height, images_.width, images_.channels);
    for (const auto& step : steps_) step->apply(sample, draws(epoch, index));
    write(sample, out);
    out += images_.image_bytes();
  }
}

/// Normalised, black outside of the window, 0 where erased.
void BatchAssembler::write(const SampleImage& sample, float* out) const {
  const std::int64_t width = images_.width;
  const std::int64_t depth = images_.channels;
  Convert* const convert_row = converter(depth);
  const PixelWindow& window = sample.window();
  const PixelRectangle& inside = window.inside;
  float* next = out;
  for (std::int64_t y = 0; y < images_.height; ++y) {
    if (y < inside.top || y >= inside.bottom || inside.is_empty()) {
      next = fill_black(width, depth, lookup_.data(), next);
      continue;
    }
    next = fill_black(inside.left, depth, lookup_.data(), next);
    const std::int64_t column = window.column + window.step * inside.left;
    const std::int64_t pixels = inside.right - inside.left;
    convert_row(sample.stored() + ((y + window.row) * width + column) * depth,
                window.step,
                pixels,
                depth,
                lookup_.data(),
                next);
    next = fill_black(width - inside.right, depth, lookup_.data(), next + pixels * depth);
  }
  for (const PixelRectangle& area : sample.erased()) {
    for (std::int64_t y = area.top; y < area.bottom && !area.is_empty(); ++y) {
      std::fill_n(out + (y * width + area.left) * depth, (area.right - area.left) * depth, 0.0F);
    }
  }
}

std::optional<Mixing> BatchAssembler::mixing(std::span<const std::int32_t> indices,
                                             std::int64_t epoch) const {
  if (indices.empty()) return std::nullopt;
  for (const auto& step : steps_) {
    if (auto mixing = step->mixing(draws(epoch, indices.front()), indices.size())) return mixing;
  }
  return std::nullopt;
}

void BatchAssembler::plain(std::span<const std::int32_t> indices, float* out) const {
  Convert* const convert_image = converter(images_.channels);
  const std::int64_t pixels = images_.height * images_.width;
  for (const std::int32_t index : indices) {
    convert_image(image(index), 1, pixels, images_.channels, lookup_.data(), out);
    out += pixels * images_.channels;
  }
}

void BatchAssembler::labels(std::span<const std::int32_t> indices, std::int64_t* out) const {
  for (const std::int32_t index : indices) {
    expects(index >= 0 && index < images_.count, "a sample index lies outside the data set");
    *out++ = images_.labels[static_cast<std::size_t>(index)];
  }
}

}  // namespace headway
