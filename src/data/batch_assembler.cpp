#include "data/batch_assembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "base/philox.h"
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
    : images_(images),
      seed_(static_cast<std::uint64_t>(config.effective_order_seed())),
      lookup_(make_lookup(normalization(config.dataset, images.channels))) {
  std::set<std::string> seen;
  for (const AugmentationConfig& step : config.augmentation) {
    if (!seen.insert(step.name).second) {
      throw ConfigError(fmt::format("augmentation: '{}' stands twice, expected once", step.name));
    }
    if (step.name == "crop") {
      crop_padding_ = step.options.integer("padding");
    } else if (step.name == "flip") {
      flip_probability_ = step.options.number("probability");
      flip_first_ = !seen.contains("crop");
    } else if (step.name == "mixup") {
      mixup_alpha_ = step.options.number("alpha");
    } else {
      throw ConfigError(fmt::format("augmentation: unknown name '{}'{}",
                                    step.name,
                                    suggestion(step.name, {"crop", "flip", "mixup"})));
    }
  }
  if (crop_padding_ < 0) {
    throw ConfigError(
        fmt::format("augmentation.padding: found {}, expected at least 0", crop_padding_));
  }
}

const std::uint8_t* BatchAssembler::image(std::int32_t index) const {
  expects(index >= 0 && index < images_.count, "a sample index lies outside the data set");
  return images_.images.data() + index * images_.image_bytes();
}

BatchAssembler::Window BatchAssembler::draw_window(std::int64_t epoch, std::int32_t index) const {
  const auto a = static_cast<std::uint64_t>(epoch);
  const auto b = static_cast<std::uint32_t>(index);
  Window window;
  if (crop_padding_ > 0) {
    RandomStream stream(seed_, "crop", a, b);
    const auto positions = static_cast<std::uint64_t>(2 * crop_padding_ + 1);
    window.row = static_cast<std::int64_t>(stream.below(positions)) - crop_padding_;
    window.column = static_cast<std::int64_t>(stream.below(positions)) - crop_padding_;
  }
  if (flip_probability_ > 0 && RandomStream(seed_, "flip", a, b).uniform() < flip_probability_) {
    const std::int64_t last = images_.width - 1;
    window.column = flip_first_ ? last - window.column : last + window.column;
    window.step = -1;
  }
  return window;
}

void BatchAssembler::augmented(std::span<const std::int32_t> indices,
                               std::int64_t epoch,
                               float* out) const {
  const std::int64_t width = images_.width;
  const std::int64_t depth = images_.channels;
  Convert* const convert_row = converter(depth);
  for (const std::int32_t index : indices) {
    const std::uint8_t* const pixels = image(index);
    const Window window = draw_window(epoch, index);
    // Output columns [first, last) take pixels of the image.
    const bool flipped = window.step < 0;
    const std::int64_t start = flipped ? window.column - (width - 1) : -window.column;
    const std::int64_t first = std::clamp<std::int64_t>(start, 0, width);
    const std::int64_t last = std::clamp<std::int64_t>(start + width, first, width);
    for (std::int64_t y = 0; y < images_.height; ++y) {
      const std::int64_t row = y + window.row;
      if (row < 0 || row >= images_.height || first == last) {
        out = fill_black(width, depth, lookup_.data(), out);
        continue;
      }
      out = fill_black(first, depth, lookup_.data(), out);
      const std::int64_t column = window.column + window.step * first;
      convert_row(pixels + (row * width + column) * depth,
                  window.step,
                  last - first,
                  depth,
                  lookup_.data(),
                  out);
      out = fill_black(width - last, depth, lookup_.data(), out + (last - first) * depth);
    }
  }
}

std::optional<Mixing> BatchAssembler::mixing(std::span<const std::int32_t> indices,
                                             std::int64_t epoch) const {
  if (!mixup_alpha_ || indices.empty()) return std::nullopt;
  // A sample stands in one shard of an epoch only, so the first one names the shard.
  const RandomStream stream(seed_,
                            "mixup",
                            static_cast<std::uint64_t>(epoch),
                            static_cast<std::uint32_t>(indices.front()));
  return draw_mixing(stream, *mixup_alpha_, indices.size());
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
