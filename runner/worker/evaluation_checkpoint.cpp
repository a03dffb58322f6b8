#include "runner/worker/evaluation_checkpoint.h"

#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
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
  std::optional<std::int64_t> discarded;
  while (true) {
    RecoveredCheckpoint found = folder_.recover();
    for (const std::string& damage : found.damage) log_warning("{}", damage);
    if (!found.newest) return {};
    saves_ = found.newest->manifest.at("step");
    if (saves_ == discarded) return {};  // it cannot be removed; the next one has a higher number
    std::string trouble;
    try {
      if (found.newest->manifest.value(kMadeWith, nlohmann::json()) != made_with_) return {};
      return evaluation_progress(*found.newest);
    } catch (const ConfigError& error) {
      trouble = error.what();
    } catch (const nlohmann::json::exception& error) {
      trouble = error.what();
    }
    log_warning("the checkpoint of step {} is of no use: {}", saves_, trouble);
    found.newest.reset();  // its file is mapped
    folder_.discard(saves_);
    discarded = saves_;
  }
}

void EvaluationCheckpoint::save(const EvaluationProgress& progress) {
  folder_.save(++saves_,
               named_tensors(progress),
               {{"evaluation", to_json(progress)}, {kMadeWith, made_with_}});
  saved_at_ = monotonic_seconds();
}

}  // namespace headway
