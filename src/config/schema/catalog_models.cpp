#include <cmath>

#include "config/schema/catalog_tables.h"

namespace headway {
namespace {

OptionSpec bias_option() {
  return {.name = "bias",
          .type = OptionType::kText,
          .default_value = "none",
          .summary =
              "one number per class added to the logits, 0.01 at the start; a frozen one keeps "
              "that value (and has no effect under softmax)",
          .choices = {"none", "learned", "frozen"}};
}

}  // namespace

std::vector<HeadSpec> head_table() {
  HeadSpec dot{.component = {
                   .name = "dot",
                   .summary = "logits = W z + b: the ordinary linear classification layer",
                   .source = "arXiv 2011.08704; github.com/MLSpeech/FixedClassificationLayer",
                   .options = {bias_option()},
               }};
  HeadSpec cosine{
      .component = {.name = "cosine",
                    .summary = "logits = scale * cos(z, w_k) + b: only directions count",
                    .source =
                        "arXiv 2011.08704; with a learned scale NormFace (Wang et al., ACM MM "
                        "2017)",
                    .options = {{.name = "scale",
                                 .type = OptionType::kNumber,
                                 .default_value = 20.0,
                                 .summary = "factor on the cosines, or where a learned one starts",
                                 .minimum = 0,
                                 .exclude_minimum = true},
                                {.name = "learned_scale",
                                 .type = OptionType::kFlag,
                                 .default_value = false,
                                 .summary = "train the scale too (never below 0.01)"},
                                bias_option()}},
      .normalises_features = true,
      .normalises_class_vectors = true,
  };
  return {dot, cosine};
}

std::vector<LossSpec> loss_table() {
  return {{.component = {.name = "cross_entropy",
                         .summary = "-log of the softmax probability of the right class",
                         .source = "-",
                         .options = {{.name = "label_smoothing",
                                      .type = OptionType::kNumber,
                                      .default_value = 0.0,
                                      .summary = "share of the target that all classes get alike",
                                      .minimum = 0,
                                      .maximum = 1,
                                      .exclude_maximum = true}}},
           .uses_probabilities = true}};
}

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
       .largest_gap = [](double classes) { return std::sqrt(classes / (classes - 1)); }},
      {.component =
           {.name = "simplex",
            .summary = "a randomly rotated regular simplex: all cosines -1/(K-1); needs K <= D + 1",
            .source = "Papyan, Han and Donoho, 'Prevalence of neural collapse', PNAS 2020"},
       .largest_count = [](std::int64_t feature_size) { return feature_size + 1; },
       .largest_count_text = "D + 1",
       .largest_gap = [](double classes) { return classes / (classes - 1); },
       .sums_to_zero = true},
      {.component = {.name = "uniform_integer",
                     .summary = "independent integers uniform in -100 .. 99, rows normalised",
                     .source = "arXiv 2011.08704; github.com/MLSpeech/FixedClassificationLayer"}},
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
