#include "runner/worker/trained_as.h"

#include <stdexcept>

namespace headway {

TrainedAs trained_as(const EvaluationState::Trial& records) {
  const AttemptRecord* done = records.training.last_attempt();
  if (done == nullptr || done->state != "done") {
    throw std::logic_error("only a trial that is done has results");
  }
  TrainedAs trained;
  if (!done->precision.empty()) trained.precision = done->precision;
  if (!done->device.empty()) trained.device = done->device;
  trained.threads_per_rank = done->threads_per_rank.value_or(1);
  trained.weights_sha256 = done->weights_sha256;
  trained.class_vectors_sha256 = done->class_vectors_sha256;
  trained.data = {done->data_sha256, done->data_folder};
  for (const auto& [name, value] : records.test_results()) {
    trained.test_results.push_back({name, value});
  }
  return trained;
}

}  // namespace headway
