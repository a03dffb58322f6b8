#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "data/mixup.h"

namespace headway {

/// What the logits of one shard are compared with.
struct Targets {
  at::Tensor labels;             // [B] int64, on the CPU
  std::optional<Mixing> mixing;  // of the images, when mixup is on
};

/// Cross entropy summed over the shard's samples, label smoothing included; logits [B, K]. With
/// mixing: weight CE(own labels) + (1 - weight) CE(partners' labels).
at::Tensor loss_sum(const at::Tensor& logits, const Targets& targets, double label_smoothing);

/// [B] int64: the labels that the running accuracy counts. Of a mixed image that of the larger
/// share.
at::Tensor dominant_labels(const Targets& targets);

}  // namespace headway
