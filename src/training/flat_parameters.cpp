#include "training/flat_parameters.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

namespace headway {
namespace {

constexpr std::int64_t kAlignment = 16;  // floats: each parameter starts on a cache line

std::int64_t round_up(std::int64_t count) {
  return (count + kAlignment - 1) / kAlignment * kAlignment;
}

std::vector<std::int64_t> strides_for(at::IntArrayRef sizes) {
  if (sizes.size() == 4) {  // OIHW, stored as OHWI
    return {sizes[1] * sizes[2] * sizes[3], 1, sizes[3] * sizes[1], sizes[1]};
  }
  std::vector<std::int64_t> strides(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i-- > 1;) strides[i - 1] = strides[i] * sizes[i];
  return strides;
}

}  // namespace

FlatParameters::FlatParameters(ParameterSet& parameters,
                               const std::vector<bool>& decayed,
                               Communicator& comm,
                               at::Device device)
    : comm_(comm) {
  const at::NoGradGuard no_grad;
  std::vector<Parameter>& all = parameters.parameters();
  places_.resize(all.size());
  std::int64_t offset = 0;
  for (const bool wanted : {true, false}) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (decayed[i] != wanted) continue;
      places_[i] = {offset, all[i].tensor.sizes().vec(), strides_for(all[i].tensor.sizes())};
      offset += round_up(all[i].tensor.numel());
    }
    if (wanted) decayed_count_ = static_cast<std::size_t>(offset);
  }
  count_ = static_cast<std::size_t>(offset);
  allocate(device);
  for (std::size_t i = 0; i < all.size(); ++i) {
    at::Tensor moved = view(values_, i);
    moved.copy_(all[i].tensor);
    all[i].tensor = moved.detach().set_requires_grad(true);
    all[i].tensor.mutable_grad() = view(gradients_, i);
  }
  for (Buffer& buffer : parameters.buffers()) buffer.tensor = buffer.tensor.to(device);
}

void FlatParameters::allocate(at::Device device) {
  values_ = at::zeros({count()}, at::TensorOptions(at::kFloat).device(device));
  if (device.is_cpu()) {
    array_ = comm_.make_array(count_ + kStepSignals, SumPrecision::kFloat32);
    message_ = array_->values();
    gradients_ = at::from_blob(message_.data(), {count()}, at::kFloat);
  } else {
    array_ = comm_.make_array(kStepSignals, SumPrecision::kFloat32);
    message_ = array_->values();
    gradients_ = at::zeros_like(values_);
    if (comm_.size() > 1) gpus_ = make_device_communicator(comm_);
  }
  signals_ = message_.last(kStepSignals);
}

void FlatParameters::sum_over_ranks(bool ordered) {
  if (gpus_) gpus_->sum(gradients_.mutable_data_ptr<float>(), count_, ordered);
  array_->sum();
}

at::Tensor FlatParameters::view(const at::Tensor& flat, std::size_t index) const {
  const Place& place = places_[index];
  return flat.as_strided(place.sizes, place.strides, place.offset + flat.storage_offset());
}

at::Tensor FlatParameters::part(const at::Tensor& flat, bool decayed) const {
  const auto border = static_cast<std::int64_t>(decayed_count_);
  return decayed ? flat.narrow(0, 0, border) : flat.narrow(0, border, count() - border);
}

at::Tensor FlatParameters::values(bool decayed) const {
  return part(values_, decayed);
}
at::Tensor FlatParameters::gradients(bool decayed) const {
  return part(gradients_, decayed);
}

void FlatParameters::clear_gradients() {
  gradients_.zero_();
  std::ranges::fill(signals_, 0.0F);
}

}  // namespace headway
