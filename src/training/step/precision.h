#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "comm/communicator.h"
#include "config/schema/catalog.h"
#include "config/schema/trial_config.h"
#include "data/dataset.h"

namespace headway {

/// Where and in which precision a model runs.
struct Execution {
  at::Device device = at::kCPU;
  bool bf16 = false;
};

/// Runs the enclosed forward pass in bfloat16 where autocast says so; float32 otherwise. A weight
/// that is used twice is converted once.
class AutocastScope {
 public:
  AutocastScope(bool enabled, at::DeviceType device);
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;
  ~AutocastScope();

 private:
  bool enabled_;
  at::DeviceType device_;
  bool previous_;
};

/// On GPUs the fastest kernels are not the ones that repeat their bits.
void select_gpu_kernels(bool reproducible);

/// The precision that all ranks train in, whatever their own clocks say of `precision: auto`.
/// Collective.
std::string resolve_precision(const TrialConfig& config,
                              const Dataset& dataset,
                              Communicator& comm,
                              at::Device device);

/// "fp32" or "bf16": what `precision: auto` comes to on this machine, found by timing forward and
/// backward passes of this trial's model on one shard's batch in both.
std::string probe_precision(const TrialConfig& config,
                            const ImageShape& image,
                            std::int64_t classes,
                            at::Device device);

}  // namespace headway
