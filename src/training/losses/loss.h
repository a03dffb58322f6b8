#pragma once

#include <ATen/core/Tensor.h>

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

/// Cross entropy summed over the shard's samples, label smoothing included; logits [B, K]. With
/// mixing: weight CE(own labels) + (1 - weight) CE(partners' labels).
at::Tensor loss_sum(const at::Tensor& logits, const Targets& targets, double label_smoothing);

/// [B] int64: the labels that the running accuracy counts. Of a mixed image that of the larger
/// share. Targets on the CPU.
at::Tensor dominant_labels(const Targets& targets);

}  // namespace headway
