#include "runner/worker/evaluation_checkpoint.h"

#include <utility>

#include "base/logging.h"

namespace headway {
namespace {

constexpr const char* kMadeWith = "made_with";

}  // namespace

EvaluationCheckpoint::EvaluationCheckpoint(std::filesystem::path folder,
                                           nlohmann::json made_with,
                                           double seconds)
    : folder_(std::move(folder)), made_with_(std::move(made_with)), seconds_(seconds) {}

EvaluationProgress EvaluationCheckpoint::load() {
  const RecoveredCheckpoint found = folder_.recover();
  for (const std::string& damage : found.damage) log_warning("{}", damage);
  if (!found.newest) return {};
  saves_ = found.newest->manifest.at("step");
  if (found.newest->manifest.value(kMadeWith, nlohmann::json()) != made_with_) return {};
  return evaluation_progress(*found.newest);
}

void EvaluationCheckpoint::save(const EvaluationProgress& progress) {
  folder_.save(++saves_,
               named_tensors(progress),
               {{"evaluation", to_json(progress)}, {kMadeWith, made_with_}});
  saved_at_ = monotonic_seconds();
}

}  // namespace headway
