#include "training/step/shard_buffers.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstring>

#include "base/errors.h"
#include "training/step/shard_tree.h"

namespace headway {
namespace {

std::span<std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

}  // namespace

ShardBuffers::ShardBuffers(ParameterSet& parameters, std::int64_t shards, Communicator& comm)
    : comm_(comm), shards_(shards), local_shards_(shards / comm.size()) {
  const at::NoGradGuard no_grad;
  std::int64_t float_count = 0;
  std::int64_t integer_count = 0;
  for (Buffer& buffer : parameters.buffers()) {
    if (!buffer.per_shard) continue;
    const bool is_integer = buffer.tensor.scalar_type() == at::kLong;
    std::int64_t& count = is_integer ? integer_count : float_count;
    (is_integer ? integer_slots_ : float_slots_).push_back({&buffer, count});
    count += buffer.tensor.numel();
  }
  const at::TensorOptions options(float_slots_.empty() ? at::Device(at::kCPU)
                                                       : float_slots_[0].buffer->tensor.device());
  floats_ = at::empty({local_shards_, float_count}, options.dtype(at::kFloat));
  integers_ = at::empty({local_shards_, integer_count}, options.dtype(at::kLong));
  mean_floats_ = at::empty({float_count}, options.dtype(at::kFloat));
  mean_integers_ = at::empty({integer_count}, options.dtype(at::kLong));
  const auto fill = [](const std::vector<Slot>& slots, const at::Tensor& copies) {
    for (const Slot& slot : slots) {
      const at::Tensor& initial = slot.buffer->tensor;
      copies.narrow(1, slot.offset, initial.numel()).copy_(initial.flatten());
    }
  };
  fill(float_slots_, floats_);
  fill(integer_slots_, integers_);
  for (std::int64_t shard = 0; shard < local_shards_; ++shard) {
    shard_views_.push_back(views_of(floats_.select(0, shard), integers_.select(0, shard)));
  }
  mean_views_ = views_of(mean_floats_, mean_integers_);
  select(0);
}

std::vector<at::Tensor> ShardBuffers::views_of(const at::Tensor& floats,
                                               const at::Tensor& integers) const {
  std::vector<at::Tensor> views;
  const auto append = [&views](const std::vector<Slot>& slots, const at::Tensor& copy) {
    for (const Slot& slot : slots) {
      const at::Tensor& tensor = slot.buffer->tensor;
      views.push_back(copy.narrow(0, slot.offset, tensor.numel()).view(tensor.sizes()));
    }
  };
  append(float_slots_, floats);
  append(integer_slots_, integers);
  return views;
}

void ShardBuffers::point_at(const std::vector<at::Tensor>& views) {
  auto view = views.begin();
  for (const Slot& slot : float_slots_) slot.buffer->tensor = *view++;
  for (const Slot& slot : integer_slots_) slot.buffer->tensor = *view++;
}

void ShardBuffers::select(std::int64_t local) {
  point_at(shard_views_[static_cast<std::size_t>(local)]);
}

void ShardBuffers::select_mean() {
  const auto width = static_cast<std::size_t>(floats_.size(1));
  std::vector<std::vector<float>> copies;
  for (std::int64_t shard = 0; shard < local_shards_; ++shard) {
    const at::Tensor copy = floats_.select(0, shard).cpu();
    const float* start = copy.const_data_ptr<float>();
    copies.emplace_back(start, start + width);
  }
  std::vector<float> mean = tree_sum(std::move(copies));
  comm_.all_reduce_sum(std::span<float>(mean));
  const auto divisor = static_cast<float>(shards_);  // a power of two: the division is exact
  for (float& value : mean) value /= divisor;
  mean_floats_.copy_(at::from_blob(mean.data(), mean_floats_.sizes(), at::kFloat));
  mean_integers_.copy_(largest_integers());
  point_at(mean_views_);
}

// Counts of batches, which an incomplete last batch that leaves shards empty makes unequal.
at::Tensor ShardBuffers::largest_integers() const {
  const at::Tensor own = integers_.amax(0).cpu();
  const at::Tensor all = at::empty({comm_.size(), own.numel()}, own.options());
  comm_.all_gather(bytes_of(own), bytes_of(all));
  return all.amax(0);
}

std::size_t ShardBuffers::copy_bytes() const {
  return (floats_.nbytes() + integers_.nbytes()) / static_cast<std::size_t>(local_shards_);
}

std::vector<std::byte> ShardBuffers::gather() const {
  std::vector<std::byte> own;
  for (std::int64_t shard = 0; shard < local_shards_; ++shard) {
    for (const at::Tensor& copies : {floats_, integers_}) {
      const at::Tensor row = copies.select(0, shard).cpu();
      const std::span<std::byte> bytes = bytes_of(row);
      own.insert(own.end(), bytes.begin(), bytes.end());
    }
  }
  std::vector<std::byte> all(own.size() * static_cast<std::size_t>(comm_.size()));
  comm_.all_gather(own, all);
  return all;
}

void ShardBuffers::copy_to_all(std::int64_t shard) {
  std::vector<std::byte> all = gather();
  const std::size_t stride = copy_bytes();
  const std::vector<std::byte> source(
      all.begin() + shard * static_cast<std::ptrdiff_t>(stride),
      all.begin() + (shard + 1) * static_cast<std::ptrdiff_t>(stride));
  for (std::size_t start = 0; start < all.size(); start += stride) {
    std::ranges::copy(source, all.begin() + static_cast<std::ptrdiff_t>(start));
  }
  restore(all);
}

void ShardBuffers::restore(std::span<const std::byte> all) {
  const std::size_t stride = copy_bytes();
  expects(all.size() == stride * static_cast<std::size_t>(shards_), "shard buffers: size");
  for (std::int64_t shard = 0; shard < local_shards_; ++shard) {
    const auto global = static_cast<std::size_t>(comm_.rank() * local_shards_ + shard);
    const std::byte* source = all.data() + global * stride;
    for (const at::Tensor& copies : {floats_, integers_}) {
      const at::Tensor row = at::empty({copies.size(1)}, copies.options().device(at::kCPU));
      std::copy_n(source, row.nbytes(), bytes_of(row).data());
      copies.select(0, shard).copy_(row);
      source += row.nbytes();
    }
  }
}

}  // namespace headway
