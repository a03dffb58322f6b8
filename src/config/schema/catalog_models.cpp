#include <cmath>

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
          .choices = {"global", "average4", "flatten"}};
}

OptionSpec width_option(int default_width) {
  return {.name = "width",
          .type = OptionType::kInteger,
          .default_value = default_width,
          .summary = "channels of the first stage; every stage scales with it",
          .minimum = 1,
          .maximum = 4096};
}

}  // namespace

std::vector<ClassVectorsSpec> class_vectors_table() {
  return {
      {.component =
           {.name = "gaussian",
            .summary =
                "independent standard normal entries, rows normalised: uniform on the sphere",
            .source = "RandomCode of coding_theoretic_hpl"}},
      {.component = {.name = "orthonormal",
                     .summary =
                         "rows of a Haar-random orthogonal matrix: all cosines 0; needs K <= D",
                     .source = "Hoffer et al., 'Fix your classifier', ICLR 2018; Mezzadri, Notices "
                               "AMS 2007"},
       .largest_count = [](std::int64_t feature_size) { return feature_size; },
       .largest_count_text = "D",
       .largest_gap = [](double classes) { return std::sqrt(classes / (classes - 1)); },
       .largest_cosine = [](std::int64_t, std::int64_t) { return 0.0; }},
      {.component =
           {.name = "simplex",
            .summary = "a randomly rotated regular simplex: all cosines -1/(K-1); needs K <= D + 1",
            .source = "Papyan, Han and Donoho, 'Prevalence of neural collapse', PNAS 2020"},
       .largest_count = [](std::int64_t feature_size) { return feature_size + 1; },
       .largest_count_text = "D + 1",
       .largest_gap = [](double classes) { return classes / (classes - 1); },
       .largest_cosine = [](std::int64_t classes,
                            std::int64_t) { return -1 / static_cast<double>(classes - 1); },
       .sums_to_zero = true},
      {.component = {.name = "uniform_integer",
                     .summary = "independent integers uniform in -100 .. 99, rows normalised",
                     .source = "arXiv 2011.08704; github.com/MLSpeech/FixedClassificationLayer"}},
  };
}

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

std::vector<ComponentSpec> dataset_table() {
  return {
      {.name = "fashion_mnist",
       .summary = "10 kinds of clothing, 28 x 28 grey; 60,000 training and 10,000 test images",
       .source = "Xiao, Rasul and Vollgraf, arXiv 1708.07747"},
  };
}

}  // namespace headway
