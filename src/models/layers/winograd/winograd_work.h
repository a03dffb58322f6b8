#pragma once

// The work that the Winograd kernels share out among threads. Only they include this. A kind of
// work has
//   std::int64_t pieces() const;     // independent of one another
//   std::int64_t workspace() const;  // floats that a piece needs
//   template <typename R> void run(std::int64_t piece, float* workspace) const;

#include <algorithm>
#include <cstdint>

#include "models/layers/winograd/winograd_tiles.h"
#include "models/layers/winograd/winograd_vectors.h"

namespace headway::winograd {

// Sizes that keep what a thread works on within its second-level cache; measured on Zen 5.
inline constexpr std::int64_t kTiles = 32;  // transformed, multiplied and turned back at a time
inline constexpr std::int64_t kGradientTiles = 64;   // the same for the gradient of the weights
inline constexpr std::int64_t kChannelBlock = 64;    // of it, in and out, in one piece
inline constexpr std::int64_t kGradientPieces = 16;  // wanted, if there are enough tiles
inline constexpr std::int64_t kTilesPerSlice = 128;  // at least
inline constexpr std::int64_t kAddedAtATime = 4096;  // floats, of slices
// Planes of a power of two of bytes would all fall into the same few lines of the cache.
inline constexpr std::int64_t kPlanePadding = 16;

/// The weights turned into points [16][in, out in strips].
struct TransformWeights {
  const Convolution3x3& shape;
  const float* weight;
  float* to;
  std::int64_t lanes;

  std::int64_t pieces() const { return shape.out / lanes; }
  std::int64_t workspace() const { return kWeights * lanes * lanes; }

  template <typename R>
  HEADWAY_INLINE void run(std::int64_t piece, float* workspace) const {
    constexpr std::int64_t kLanes = R::kLanes;
    const std::int64_t out = piece * kLanes;
    for (std::int64_t in = 0; in < shape.in; in += kLanes) {
      for (std::int64_t lane = 0; lane < kLanes; ++lane) {  // out channels become the vector
        for (std::int64_t k = 0; k < kWeights; ++k) {
          const float* from = weight + ((out + lane) * kWeights + k) * shape.in + in;
          float* column = workspace + k * kLanes * kLanes + lane;
          for (std::int64_t i = 0; i < kLanes; ++i) column[i * kLanes] = from[i];
        }
      }
      for (std::int64_t i = 0; i < kLanes; ++i) {
        Vector<R::kLanes> g[kWeights];
#pragma GCC unroll 9
        for (std::int64_t k = 0; k < kWeights; ++k) {
          g[k] = load<R::kLanes>(workspace + (k * kLanes + i) * kLanes);
        }
        const std::int64_t place = in_strips<R::kLanes>(in + i, out, shape.in, shape.out);
        transform_weights<R::kLanes>(g, {to + place, shape.in * shape.out});
      }
    }
  }
};

/// The weights turned round by half a turn, as the input's gradient needs them: points
/// [16][out, in in strips].
struct TransformTurnedWeights {
  const Convolution3x3& shape;
  const float* weight;
  float* to;

  std::int64_t pieces() const { return shape.out; }
  std::int64_t workspace() const { return 0; }

  template <typename R>
  HEADWAY_INLINE void run(std::int64_t out, float* /*workspace*/) const {
    for (std::int64_t in = 0; in < shape.in; in += R::kLanes) {
      Vector<R::kLanes> g[kWeights];
#pragma GCC unroll 9
      for (std::int64_t k = 0; k < kWeights; ++k) {
        g[k] = load<R::kLanes>(weight + (out * kWeights + kWeights - 1 - k) * shape.in + in);
      }
      const std::int64_t place = in_strips<R::kLanes>(out, in, shape.out, shape.in);
      transform_weights<R::kLanes>(g, {to + place, shape.in * shape.out});
    }
  }
};

/// Some channels of an activation.
struct Channels {
  const float* first;
  std::int64_t of;  // the activation's
  std::int64_t count;
  const float* zero;  // as many zeros, for what lies outside of the image
};

template <typename R, typename Pixels>
HEADWAY_INLINE void transform_inputs(const Pixels& pixels, std::int64_t channels, Points to) {
  for (std::int64_t c = 0; c < channels; c += R::kLanes) {
    transform_input<R::kLanes>(pixels, c, {to.data + c, to.plane});
  }
}

/// The input tile, transformed.
template <typename R>
HEADWAY_INLINE void read_input(const TileWalk& tile, Channels x, Points to) {
  if (tile.is_inside<kInputSide>(1)) {
    transform_inputs<R>(tile.grid(x.first, x.of, 1), x.count, to);
  } else {
    transform_inputs<R>(tile.list<kInputSide>(x.first, x.of, 1, x.zero), x.count, to);
  }
}

/// The output tile's gradient, transformed.
template <typename R>
HEADWAY_INLINE void read_output_gradient(const TileWalk& tile, Channels grad_y, Points to) {
  const auto pixels = tile.list<kOutputSide>(grad_y.first, grad_y.of, 0, grad_y.zero);
  for (std::int64_t c = 0; c < grad_y.count; c += R::kLanes) {
    transform_output_gradient<R::kLanes>(pixels, c, {to.data + c, to.plane});
  }
}

/// x [N, H, W, in] to y [N, H, W, out] by transformed weights [16][in, out in strips].
struct Convolve {
  const Convolution3x3& shape;
  const float* x;
  const float* weights;
  float* y;

  std::int64_t input_plane() const { return kTiles * shape.in + kPlanePadding; }
  std::int64_t output_plane() const { return kTiles * shape.out + kPlanePadding; }

  std::int64_t pieces() const { return (tile_count(shape) + kTiles - 1) / kTiles; }
  std::int64_t workspace() const { return kPoints * (input_plane() + output_plane()) + shape.in; }

  template <typename R>
  HEADWAY_INLINE void run(std::int64_t piece, float* workspace) const {
    const std::int64_t first = piece * kTiles;
    const std::int64_t count = std::min(kTiles, tile_count(shape) - first);
    const Points input{workspace, input_plane()};
    const Points output{input.data + kPoints * input.plane, output_plane()};
    float* zero = output.data + kPoints * output.plane;
    std::fill(zero, zero + shape.in, 0.0F);
    read<R>(first, count, input, zero);
    // Rows beyond `count` hold what was left there, and nobody reads their products.
    const std::int64_t rows = (count + R::kRows - 1) / R::kRows * R::kRows;
    for (std::int64_t point = 0; point < kPoints; ++point) {
      multiply<R>({input.data + point * input.plane, shape.in, 1},
                  weights + point * shape.in * shape.out,
                  {output.data + point * output.plane, shape.out},
                  {rows, shape.out, shape.in});
    }
    write<R>(first, count, output);
  }

 private:
  template <typename R>
  HEADWAY_INLINE void read(std::int64_t first,
                           std::int64_t count,
                           Points to,
                           const float* zero) const {
    TileWalk tile(shape, first);
    for (std::int64_t t = 0; t < count; ++t, tile.advance()) {
      read_input<R>(tile, {x, shape.in, shape.in, zero}, {to.data + t * shape.in, to.plane});
    }
  }

  template <typename R>
  HEADWAY_INLINE void write(std::int64_t first, std::int64_t count, Points from) const {
    const std::int64_t row = shape.width * shape.out;
    TileWalk tile(shape, first);
    for (std::int64_t t = 0; t < count; ++t, tile.advance()) {
      float* to = y + tile.first_pixel() * shape.out;
      const bool right = tile.has_second_column();
      const bool below = tile.has_second_row();
      for (std::int64_t c = 0; c < shape.out; c += R::kLanes) {
        Vector<R::kLanes> pixels[kOutputSide * kOutputSide];
        transform_product<R::kLanes>(from.data + t * shape.out + c, from.plane, pixels);
        store<R::kLanes>(to + c, pixels[0]);
        if (right) store<R::kLanes>(to + shape.out + c, pixels[1]);
        if (below) store<R::kLanes>(to + row + c, pixels[2]);
        if (right && below) store<R::kLanes>(to + row + shape.out + c, pixels[3]);
      }
    }
  }
};

/// The gradient of a block of channels in, a block of channels out, over a slice of the tiles.
struct SumWeightGradient {
  const Convolution3x3& shape;
  const float* x;
  const float* grad_y;
  float* to;  // [slices, out, 3, 3, in]

  std::int64_t in_blocks() const { return (shape.in + kChannelBlock - 1) / kChannelBlock; }
  std::int64_t out_blocks() const { return (shape.out + kChannelBlock - 1) / kChannelBlock; }
  // By the shape alone: how the sum is cut into slices shows in its bits.
  std::int64_t slices() const {
    const std::int64_t wanted = kGradientPieces / (in_blocks() * out_blocks());
    return std::max(std::int64_t{1}, std::min(wanted, tile_count(shape) / kTilesPerSlice));
  }

  std::int64_t pieces() const { return slices() * in_blocks() * out_blocks(); }
  std::int64_t workspace() const {
    const std::int64_t transformed = kGradientTiles * kChannelBlock + kPlanePadding;
    const std::int64_t sums = kChannelBlock * kChannelBlock + kPlanePadding;
    return kPoints * (2 * transformed + sums) + kChannelBlock;
  }

  template <typename R>
  HEADWAY_INLINE void run(std::int64_t piece, float* workspace) const {
    const std::int64_t slice = piece / (in_blocks() * out_blocks());
    const Block block(*this, piece, workspace);
    std::fill(block.sums.data, block.zero + kChannelBlock, 0.0F);
    const std::int64_t end = tile_count(shape) * (slice + 1) / slices();
    for (std::int64_t first = tile_count(shape) * slice / slices(); first < end;
         first += kGradientTiles) {
      const std::int64_t count = std::min(kGradientTiles, end - first);
      read<R>(first, count, block);
      for (std::int64_t point = 0; point < kPoints; ++point) {
        add_product<R>({block.gradient.data + point * block.gradient.plane, 1, block.outs},
                       {block.input.data + point * block.input.plane, block.ins},
                       {block.sums.data + point * block.sums.plane, block.ins},
                       {block.outs, block.ins, count});
      }
    }
    write<R>(block, slice);
  }

 private:
  /// A piece's channels, and where in its workspace things lie.
  struct Block {
    HEADWAY_INLINE Block(const SumWeightGradient& work, std::int64_t piece, float* workspace)
        : in(piece / work.out_blocks() % work.in_blocks() * kChannelBlock),
          out(piece % work.out_blocks() * kChannelBlock),
          ins(std::min(kChannelBlock, work.shape.in - in)),
          outs(std::min(kChannelBlock, work.shape.out - out)),
          input{workspace, kGradientTiles * ins + kPlanePadding},
          gradient{input.data + kPoints * input.plane, kGradientTiles * outs + kPlanePadding},
          sums{gradient.data + kPoints * gradient.plane, ins * outs + kPlanePadding},
          zero(sums.data + kPoints * sums.plane) {}

    std::int64_t in;  // the first one
    std::int64_t out;
    std::int64_t ins;
    std::int64_t outs;
    Points input;     // [16][tiles, ins]
    Points gradient;  // [16][tiles, outs]
    Points sums;      // [16][outs, ins]
    float* zero;
  };

  template <typename R>
  HEADWAY_INLINE void read(std::int64_t first, std::int64_t count, const Block& block) const {
    TileWalk tile(shape, first);
    for (std::int64_t t = 0; t < count; ++t, tile.advance()) {
      read_input<R>(tile,
                    {x + block.in, shape.in, block.ins, block.zero},
                    {block.input.data + t * block.ins, block.input.plane});
      read_output_gradient<R>(tile,
                              {grad_y + block.out, shape.out, block.outs, block.zero},
                              {block.gradient.data + t * block.outs, block.gradient.plane});
    }
  }

  template <typename R>
  HEADWAY_INLINE void write(const Block& from, std::int64_t slice) const {
    float* target = to + (slice * shape.out + from.out) * kWeights * shape.in + from.in;
    for (std::int64_t o = 0; o < from.outs; ++o) {
      for (std::int64_t i = 0; i < from.ins; i += R::kLanes) {
        transform_to_weight_gradient<R::kLanes>(from.sums.data + o * from.ins + i,
                                                from.sums.plane,
                                                target + o * kWeights * shape.in + i,
                                                shape.in);
      }
    }
  }
};

/// The sum of `slices` arrays of `count` floats, in their order.
struct AddSlices {
  const float* from;
  std::int64_t slices;
  std::int64_t count;  // a multiple of the lanes
  float* to;

  std::int64_t pieces() const { return (count + kAddedAtATime - 1) / kAddedAtATime; }
  std::int64_t workspace() const { return 0; }

  template <typename R>
  HEADWAY_INLINE void run(std::int64_t piece, float* /*workspace*/) const {
    const std::int64_t end = std::min(count, (piece + 1) * kAddedAtATime);
    for (std::int64_t i = piece * kAddedAtATime; i < end; i += R::kLanes) {
      Vector<R::kLanes> sum = load<R::kLanes>(from + i);
      for (std::int64_t slice = 1; slice < slices; ++slice) {
        sum += load<R::kLanes>(from + slice * count + i);
      }
      store<R::kLanes>(to + i, sum);
    }
  }
};

}  // namespace headway::winograd
