#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>

#include "data/augmentations/mixup.h"

namespace headway {

/// What the logits of one shard are compared with, on one device.
struct Targets {
  at::Tensor labels;          // [B] int64
  at::Tensor partner_labels;  // [B] int64; undefined without mixup
  at::Tensor weights;         // [2] float32, of own and of partners' labels; undefined likewise
};

/// labels [B] int64 on the CPU; `mixing`, if any, tells how the images were mixed.
Targets make_targets(const at::Tensor& labels, const std::optional<Mixing>& mixing);

/// loss(own labels), or with mixing weight loss(own labels) + (1 - weight) loss(partners' labels).
/// loss(labels [B]) is a scalar tensor.
at::Tensor mixed_loss(const Targets& targets,
                      const std::function<at::Tensor(const at::Tensor&)>& loss);

/// [B] int64: the labels that the running accuracy counts. Of a mixed image that of the larger
/// share. Targets on the CPU.
at::Tensor dominant_labels(const Targets& targets);

}  // namespace headway
