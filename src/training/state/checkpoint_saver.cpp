#include "training/state/checkpoint_saver.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "base/files.h"
#include "base/input_output_error.h"
#include "base/logging.h"
#include "base/retry_after_io_errors.h"
#include "base/time.h"
#include "base/watched_folder.h"
#include "base/weights_file.h"

namespace headway {
namespace {

enum Trouble : std::uint32_t { kNone = 0, kFailed = 1, kDiskFull = 2, kDiskFails = 4 };

std::uint32_t trouble_of(const std::exception_ptr& error) {
  if (!error) return kNone;
  try {
    std::rethrow_exception(error);
  } catch (const DiskFullError&) {
    return kDiskFull;
  } catch (const InputOutputError&) {
    return kDiskFails;
  } catch (...) {
    return kFailed;
  }
}

// A safetensors file's metadata are texts.
std::string text_of(const nlohmann::json& manifest, const char* key) {
  return std::to_string(manifest.at(key).get<std::int64_t>());
}

// While the trial trains on.
void with_retries(const std::function<void()>& job) {
  retry_after_io_errors(
      job, {.failed = [](const std::string& what) { log_warning("{}; trying again", what); }});
}

}  // namespace

CheckpointSaver::CheckpointSaver(Places places,
                                 const CheckpointSettings& settings,
                                 TrainingState& state,
                                 Communicator& comm)
    : places_(std::move(places)),
      settings_(settings),
      state_(state),
      comm_(comm),
      saved_at_(monotonic_seconds()) {}

double CheckpointSaver::seconds_since_save() const {
  return monotonic_seconds() - saved_at_;
}

bool CheckpointSaver::asks_for_save() const {
  if (comm_.rank() != 0) return false;
  return job_.has_failed() || seconds_since_save() >= settings_.seconds;
}

bool CheckpointSaver::is_due_after_step(std::int64_t steps_done) const {
  return settings_.steps && steps_done % *settings_.steps == 0;
}

bool CheckpointSaver::is_due_after_epoch(std::int64_t epochs_done) const {
  return settings_.epochs && epochs_done % *settings_.epochs == 0;
}

void CheckpointSaver::save(const TrialPosition& position, Request request) {
  finish();
  request.checkpoint = request.checkpoint && place_of(position) != saved_;
  if (!request.checkpoint && !request.best_accuracy) return;
  state_.capture(image_, position);
  saved_at_ = monotonic_seconds();
  if (request.checkpoint) saved_ = place_of(position);
  if (comm_.rank() == 0) {
    job_.start([this, request] { with_retries([&] { write_image(request); }); });
  }
}

// The best weights first: a checkpoint whose history names them must find them there.
void CheckpointSaver::write_image(const Request& request) {
  const StateTensors tensors = state_.lay_out(image_);
  if (request.best_accuracy) {
    make_last_directories(places_.best_weights.parent_path(), 2);
    const std::vector<NamedTensor> weights = tensors.weights();
    write_safetensors(places_.best_weights,
                      weights,
                      {{kTrialIdOfWeights, places_.trial_id},
                       {kEpochOfWeights, text_of(image_.manifest, "epochs_done")},
                       {kStepOfWeights, text_of(image_.manifest, "step")},
                       {kAccuracyOfWeights, fmt::format("{}", *request.best_accuracy)},
                       {kHashOfWeights, hash_tensors(weights)}});
  }
  if (request.checkpoint) {
    const std::int64_t step = image_.manifest.at("step");
    nlohmann::json manifest = image_.manifest;
    manifest[kTrialIdOfWeights] = places_.trial_id;
    CheckpointFolder(places_.checkpoints).save(step, tensors.all(), std::move(manifest));
  }
}

void CheckpointSaver::write(const std::function<void()>& job) {
  finish();
  if (comm_.rank() == 0) job_.start([&] { with_retries(job); });
  finish();
}

void CheckpointSaver::finish() {
  const std::exception_ptr error = job_.wait();
  const std::uint32_t trouble = comm_.all_reduce_or(trouble_of(error));
  if (error) std::rethrow_exception(error);
  if (trouble == kDiskFull) throw DiskFullError("rank 0 could not write: its disk is full");
  if (trouble == kDiskFails) throw InputOutputError("rank 0 could not write: its disk fails");
  if (trouble != kNone) throw EnvironmentError("rank 0 could not write");
}

}  // namespace headway
