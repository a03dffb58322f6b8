#pragma once

#include <vector>

#include "config/schema/catalog.h"

namespace headway {

// The tables behind catalog(): each collects what the components of a family say about themselves,
// and is defined beside them (docs/adding_a_component.md).

std::vector<HeadSpec> head_table();
std::vector<LossSpec> loss_table();
std::vector<ClassVectorsSpec> class_vectors_table();
std::vector<ComponentSpec> encoder_table();
std::vector<ComponentSpec> dataset_table();
std::vector<ComponentSpec> optimizer_table();
std::vector<ComponentSpec> schedule_table();
std::vector<ComponentSpec> augmentation_table();
std::vector<ComponentSpec> suite_table();

// The metrics of trials: of training (src/training), of evaluations (src/analysis).
std::vector<MetricSpec> training_metric_table();
std::vector<MetricSpec> analysis_metric_table();

}  // namespace headway
