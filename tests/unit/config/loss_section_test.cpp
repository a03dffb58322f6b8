// The section `loss` in sweep files: axes over it, and `training.label_smoothing`, the key that it
// replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/schema/catalog.h"
#include "sweep_file.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<double> smoothings(const Sweep& sweep) {
  std::vector<double> result;
  for (const Trial& trial : sweep.trials) {
    result.push_back(trial.config.loss.options.number("label_smoothing"));
  }
  return result;
}

TEST(LossSection, both_keys_with_unequal_values_are_an_error_with_both_places) {
  const SweepFile file(R"(trial:
  training: {label_smoothing: 0.1}
  loss: {label_smoothing: 0.2}
)");
  EXPECT_THAT(file.errors(),
              ElementsAre("sweep.yaml:2:31: 'training.label_smoothing', now called "
                          "'loss.label_smoothing', is '0.1' here and '0.2' at sweep.yaml:3:27; "
                          "give one"));
}

TEST(LossSection, both_keys_with_equal_values_are_fine) {
  const SweepFile file("trial: {training: {label_smoothing: 0.10}, loss: {label_smoothing: 0.1}}");
  EXPECT_THAT(smoothings(file.load()), ElementsAre(0.1));
}

TEST(LossSection, axes_may_use_either_key) {
  for (const char* grid :
       {"loss.label_smoothing: [0, 0.1]",
        "training.label_smoothing: [0, 0.1]",
        "trial.training.label_smoothing: [0, 0.1]",
        "loss: [{label_smoothing: 0}, {label_smoothing: 0.1}]",
        "training: [{label_smoothing: 0}, {label_smoothing: 0.1, epochs: 10}]"}) {
    const SweepFile file(std::string("trial: {loss: {label_smoothing: 0.3}}\nsweep: {grid: {") +
                         grid + "}}");
    EXPECT_THAT(file.errors(), IsEmpty()) << grid;
    EXPECT_THAT(smoothings(file.load()), ElementsAre(0, 0.1)) << grid;
  }
}

TEST(LossSection, an_axis_over_each_key_is_a_conflict) {
  const SweepFile file(R"(sweep:
  grid: {training.label_smoothing: [0, 0.1], loss.label_smoothing: [0, 0.2]}
)");
  EXPECT_THAT(file.errors(), ElementsAre(HasSubstr("'loss.label_smoothing' is set by two axes")));
  const SweepFile list(R"(sweep:
  list: [{training.label_smoothing: 0.1, loss: {label_smoothing: 0.2}}]
)");
  EXPECT_THAT(list.errors(), ElementsAre(HasSubstr("'loss.label_smoothing', is '0.1' here")));
}

TEST(LossSection, the_command_line_may_use_either_key) {
  const SweepFile file("sweep: {grid: {training.label_smoothing: [0, 0.1]}}");
  for (const std::string key : {"training.label_smoothing", "loss.label_smoothing"}) {
    EXPECT_THAT(smoothings(file.load({key + "=0.2"})), ElementsAre(0.2)) << key;
    EXPECT_THAT(smoothings(file.load({key + "=0.2,0.3"})), ElementsAre(0.2, 0.3)) << key;
    EXPECT_THAT(smoothings(file.load({"~" + key})), ElementsAre(0)) << key;
  }
  EXPECT_THAT(smoothings(file.load({"training={label_smoothing: 0.2, epochs: 3}"})),
              ElementsAre(0.2));
  // They are one key, of which the last override wins.
  EXPECT_THAT(smoothings(file.load({"training.label_smoothing=0.2", "loss.label_smoothing=0.3"})),
              ElementsAre(0.3));
}

TEST(LossSection, exclusions_may_use_either_key) {
  for (const char* exclusion : {"training.label_smoothing: 0.1",
                                "training: {label_smoothing: 0.1}",
                                "loss.label_smoothing: 0.1"}) {
    const SweepFile file(
        std::string("sweep: {grid: {loss.label_smoothing: [0, 0.1]}, exclude: [{") + exclusion +
        "}]}");
    EXPECT_THAT(smoothings(file.load()), ElementsAre(0)) << exclusion;
  }
  const SweepFile by_name(
      "sweep: {grid: {loss.name: [cross_entropy, mse]}, exclude: [{loss.name: mse}]}");
  EXPECT_EQ(by_name.load().trials.size(), 1);
}

TEST(LossSection, options_that_another_loss_lacks_are_dropped_and_said) {
  for (const char* base : {"loss: {label_smoothing: 0.1}", "training: {label_smoothing: 0.1}"}) {
    const Sweep sweep = SweepFile(std::string("trial: {") + base +
                                  "}\nsweep: {grid: {loss.name: [cross_entropy, mse]}}")
                            .load();
    ASSERT_EQ(sweep.trials.size(), 2);
    EXPECT_EQ(sweep.trials[0].config.loss.options.number("label_smoothing"), 0.1);
    EXPECT_EQ(sweep.trials[1].config.loss.options.number("target"), 1);
    EXPECT_THAT(sweep.notes,
                ElementsAre("dropped loss.label_smoothing of the base configuration where "
                            "loss.name is 'mse', which has no such option (1 cell)"));
  }
}

// Holds for heads with any default loss.
TEST(LossSection, an_axis_over_heads_keeps_the_options_that_their_losses_have) {
  for (const ComponentSpec& head : catalog(Family::kHead)) {
    const Sweep sweep =
        SweepFile("trial: {loss: {label_smoothing: 0.1}}\nsweep: {grid: {head.name: [" + head.name +
                  "]}}")
            .load();
    const LossConfig& loss = sweep.trials.at(0).config.loss;
    EXPECT_EQ(loss.name, head_spec(head.name).default_loss);
    EXPECT_EQ(loss.options.has("label_smoothing"), sweep.notes.empty());
  }
}

TEST(LossSection, heads_losses_and_fixed_vectors_multiply) {
  const Sweep sweep = SweepFile(R"(
sweep:
  grid:
    head: [{name: dot}, {name: arcface, scale: 16, margin: 0.3}]
    class_vectors.learned: [true, false]
    loss: [{name: cross_entropy, label_smoothing: 0.1}, {name: mse}]
)")
                          .load();
  EXPECT_EQ(sweep.trials.size(), 8);
}

}  // namespace
}  // namespace headway
