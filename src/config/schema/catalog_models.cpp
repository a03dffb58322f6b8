#include "config/schema/catalog_tables.h"

namespace headway {
namespace {

OptionSpec pooling_option() {
  return {.name = "pooling",
          .type = OptionType::kText,
          .default_value = "global",
          .summary =
              "last feature map to feature: mean over the map, means over 4 x 4 blocks, or the "
              "whole map",
          .limits = {.choices = {"global", "average4", "flatten"}}};
}

OptionSpec width_option(int default_width) {
  return {.name = "width",
          .type = OptionType::kInteger,
          .default_value = default_width,
          .summary = "channels of the first stage; every stage scales with it",
          .limits = {.minimum = 1, .maximum = 4096}};
}

}  // namespace

std::vector<ComponentSpec> encoder_table() {
  return {
      {.name = "small_cnn",
       .summary =
           "three 3x3 convolutions (w, 2w, 4w channels) with batch norm and two max pools: for "
           "tests and sweeps on CPUs; features >= 0",
       .source = "own design",
       .options = {width_option(32), pooling_option()}},
      {.name = "resnet18",
       .summary = "ResNet-18 with the 3x3 stem for small images; features >= 0",
       .source = "He et al., CVPR 2016; github.com/kuangliu/pytorch-cifar",
       .options = {width_option(64), pooling_option()}},
  };
}

}  // namespace headway
