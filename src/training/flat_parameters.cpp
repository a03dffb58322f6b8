#include "training/flat_parameters.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "base/bf16.h"
#include "comm/nccl/device_array.h"
#include "training/step/channels_last_copy.h"

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
                               const GradientOptions& options)
    : comm_(comm), options_(options) {
  const at::NoGradGuard no_grad;
  std::vector<Parameter>& all = parameters.parameters();
  lay_out(all, decayed);
  allocate();
  for (std::size_t i = 0; i < all.size(); ++i) {
    at::Tensor moved = view(values_, i);
    moved.copy_(all[i].tensor);
    all[i].tensor = moved.detach().set_requires_grad(true);
  }
  for (Buffer& buffer : parameters.buffers()) buffer.tensor = buffer.tensor.to(options_.device);
}

void FlatParameters::lay_out(const std::vector<Parameter>& parameters,
                             const std::vector<bool>& decayed) {
  places_.resize(parameters.size());
  std::int64_t offset = 0;
  for (const bool wanted : {true, false}) {
    for (std::size_t i = parameters.size(); i-- > 0;) {
      if (decayed[i] != wanted) continue;
      const at::Tensor& tensor = parameters[i].tensor;
      places_[i] = {offset, tensor.sizes().vec(), strides_for(tensor.sizes())};
      order_.push_back(i);
      offset += round_up(tensor.numel());
    }
    if (wanted) decayed_count_ = static_cast<std::size_t>(offset);
  }
  count_ = static_cast<std::size_t>(offset);
}

void FlatParameters::allocate() {
  const auto options = at::TensorOptions(at::kFloat).device(options_.device);
  values_ = at::zeros({count()}, options);
  const bool on_cpu = options_.device.is_cpu();
  message_ = comm_.make_array((on_cpu ? count_ : 0) + kStepSignals,
                              on_cpu ? options_.precision : SumPrecision::kFloat32);
  signals_ = message_->values().last(kStepSignals);
  summed_signals_ = message_->result().last(kStepSignals);
  if (!on_cpu && comm_.size() == 1) {
    gradients_ = summed_gradients_ = at::zeros_like(values_);
    return;
  }
  if (!on_cpu) {
    device_message_ = make_device_array(comm_, count_, {options_.precision, options_.ordered});
  }
  AllReduceBuffer& array = on_cpu ? *message_ : *device_message_;
  gradients_ = at::from_blob(array.values().data(), {count()}, options);
  summed_gradients_ = at::from_blob(array.result().data(), {count()}, options);
}

void FlatParameters::begin_write() {
  if (device_message_) device_message_->begin_write();
  message_->begin_write();
}

at::Tensor FlatParameters::set_gradient(std::size_t index, const at::Tensor& gradient) {
  begin_write();
  at::Tensor place = view(gradients_, index);
  if (place.dim() == 4) {
    copy_to_channels_last(gradient, place);
  } else {
    place.copy_(gradient);
  }
  return place;
}

void FlatParameters::clear_gradient(std::size_t index) {
  begin_write();
  view(gradients_, index).zero_();
}

void FlatParameters::set_signal(StepSignal which, float value) {
  begin_write();
  signals_[which] = value;
}

void FlatParameters::mark_ready(std::size_t count) {
  if (device_message_) device_message_->mark_ready(count);
  if (options_.device.is_cpu()) message_->mark_ready(count);
}

void FlatParameters::sum_over_ranks() {
  if (options_.device.is_cpu() && options_.precision == SumPrecision::kBfloat16) {
    round_to_bf16(signals_);  // as all of the message; flags and a loss that is not finite survive
  }
  if (device_message_) device_message_->all_reduce();
  message_->all_reduce();
}

void FlatParameters::end_read() {
  if (device_message_) device_message_->end_read();
  message_->end_read();
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

}  // namespace headway
