#include <algorithm>

#include "models/layers/activation_lines.h"
#include "models/layers/batch_norm/batch_norm_kernels.h"

namespace headway {
namespace {

constexpr std::int64_t kBlockElements = 4096;  // of 16 KiB: stays in the first-level cache

template <typename T>
HEADWAY_INLINE void block_moments(const T* x,
                                  std::int64_t count,
                                  std::int64_t length,
                                  const LinePair& block) {
  float* __restrict mean = block.first;
  float* __restrict squares = block.second;
  std::fill_n(mean, length, 0.0F);
  std::fill_n(squares, length, 0.0F);
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t j = 0; j < length; ++j) mean[j] += load(x[i * length + j]);
  }
  const float inverse = 1.0F / static_cast<float>(count);
  for (std::int64_t j = 0; j < length; ++j) mean[j] *= inverse;
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t j = 0; j < length; ++j) {
      const float distance = load(x[i * length + j]) - mean[j];
      squares[j] += distance * distance;
    }
  }
}

/// Blocks of few lines, each read twice while it is in the cache, joined by Chan's formula.
template <typename T>
HEADWAY_KERNEL void slice_moments(const T* x,
                                  std::int64_t count,
                                  std::int64_t length,
                                  const LinePair& out,
                                  const LinePair& block) {
  const std::int64_t block_lines = std::max<std::int64_t>(1, kBlockElements / length);
  float* __restrict mean = out.first;
  float* __restrict squares = out.second;
  for (std::int64_t done = 0; done < count; done += block_lines) {
    const std::int64_t size = std::min(block_lines, count - done);
    block_moments(x + done * length, size, length, block);
    const float share = static_cast<float>(size) / static_cast<float>(done + size);
    const float weight = share * static_cast<float>(done);
    for (std::int64_t j = 0; j < length; ++j) {
      const float step = block.first[j] - mean[j];
      mean[j] += step * share;
      squares[j] += block.second[j] + step * step * weight;
    }
  }
}

/// Joins the moments of all slices and of all elements of a line that belong to one channel.
ChannelMoments joined_moments(const std::vector<Line>& means,
                              const std::vector<Line>& squares,
                              const Lines& lines,
                              std::size_t channels) {
  std::vector<double> mean(channels), total(channels), seen(channels);
  for (std::size_t slice = 0; slice < means.size(); ++slice) {
    const auto index = static_cast<std::int64_t>(slice);
    const auto count = static_cast<double>(lines.begin(index + 1) - lines.begin(index));
    for (std::size_t j = 0; j < means[slice].size(); ++j) {
      const std::size_t c = j % channels;
      const double step = means[slice][j] - mean[c];
      total[c] += squares[slice][j] + step * step * count * seen[c] / (seen[c] + count);
      seen[c] += count;
      mean[c] += step * count / seen[c];
    }
  }
  ChannelMoments moments{std::vector<float>(channels), std::vector<float>(channels)};
  for (std::size_t c = 0; c < channels; ++c) {
    moments.mean[c] = static_cast<float>(mean[c]);
    moments.variance[c] = static_cast<float>(total[c] / seen[c]);
  }
  return moments;
}

}  // namespace

template <typename T>
ChannelMoments channel_moments(const T* x, const ActivationShape& shape) {
  const Lines lines(shape);
  const auto slices = static_cast<std::size_t>(lines.slices());
  std::vector<Line> means(slices, empty_line(lines));
  std::vector<Line> squares(slices, empty_line(lines));
  for_each_slice(lines, [&](std::int64_t slice, std::int64_t begin, std::int64_t count) {
    Line block_mean = empty_line(lines);
    Line block_squares = empty_line(lines);
    const auto index = static_cast<std::size_t>(slice);
    slice_moments(x + begin * lines.length,
                  count,
                  lines.length,
                  {means[index].data(), squares[index].data()},
                  {block_mean.data(), block_squares.data()});
  });
  return joined_moments(means, squares, lines, static_cast<std::size_t>(shape.channels));
}

template ChannelMoments channel_moments(const float*, const ActivationShape&);
template ChannelMoments channel_moments(const c10::BFloat16*, const ActivationShape&);

}  // namespace headway
