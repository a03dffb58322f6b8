#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "config/schema/trial_config.h"
#include "models/class_vectors/class_vectors.h"
#include "models/heads/heads.h"
#include "models/parameter_set.h"

namespace headway {

struct HeadShape {
  std::int64_t features = 0;  // D
  std::int64_t classes = 0;   // K
};

/// A classification head over class vectors W [K, d]: features z [B, D] -> logits [B, K], float32
/// also under bfloat16 autocast. d is D unless the head projects its features.
class Head {
 public:
  virtual ~Head() = default;

  /// What meets the class vectors, [B, d] of any floating dtype: the features z after a projection
  /// or batch norm of the head's own. In training such a batch norm goes by the shard's statistics
  /// and updates its buffers. Default: the features as they are.
  virtual at::Tensor embed(const at::Tensor& features, bool training);
  /// Embedded features [B, d] -> logits [B, K] without margin. std::logic_error for another shape.
  virtual at::Tensor logits(const at::Tensor& embedded) const = 0;
  /// The logits that training compares with `labels` [B] int64, on the logits' device: those of
  /// logits() with the margin that the labels ask for. Asked once per set of labels (mixup has
  /// two). Default: no margin.
  virtual at::Tensor with_margin(const at::Tensor& logits, const at::Tensor& labels) const;
  /// W [K, d] as it stands now, one vector per class; a parameter when learned, else a buffer;
  /// named "linear.weight".
  virtual at::Tensor class_vectors() const = 0;
  /// All vectors that the head owns, [M, d] with M >= K, those of a class one after the other.
  /// Default: the class vectors.
  virtual at::Tensor prototypes() const;
  /// b [K] as it stands now, when the head has one; "linear.bias", a parameter or a frozen buffer.
  virtual std::optional<at::Tensor> bias() const;

  /// Logits [B, K] of features [B, D].
  at::Tensor forward(const at::Tensor& features, bool training) {
    return logits(embed(features, training));
  }
};

/// What a head is made from besides its own configuration.
struct HeadInputs {
  HeadShape shape;
  const ClassVectors& class_vectors;  // drawn; the head's copy starts from these bytes
  bool learned = true;                // parameter or fixed buffer
};

}  // namespace headway
