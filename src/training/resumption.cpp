#include "training/resumption.h"

#include <fmt/format.h>

#include "training/state/training_state.h"

namespace headway {
namespace {

void report_damage(const RecoveredCheckpoint& found, TrialSink& sink) {
  for (const std::string& damage : found.damage) sink.remark(damage);
  if (found.damage.empty()) return;
  sink.remark(found.newest ? "going on from an earlier checkpoint"
                           : "no checkpoint is usable; starting afresh");
}

/// Why the trial cannot go on from `checkpoint`; nothing when it can.
std::optional<std::string> other_data(const LoadedCheckpoint& checkpoint, const Resumption& from) {
  const DataIdentity known{data_sha256_of(checkpoint), ""};
  if (known.sha256.empty() || known.sha256 == from.data.sha256) return std::nullopt;
  return fmt::format("data set '{}' has {}, but the trial's checkpoint is of {}",
                     from.dataset.name,
                     to_text(from.data),
                     to_text(known));
}

// The checkpoint is the same on all ranks, and so is the verdict. Those that stayed would be
// resumed before the new trial's.
void refuse_or_drop_other_data(RecoveredCheckpoint& found,
                               const Resumption& from,
                               Communicator& comm,
                               TrialSink& sink) {
  const auto what = found.newest ? other_data(*found.newest, from) : std::nullopt;
  if (!what) return;
  if (!from.may_begin_anew) {
    throw OtherDataError(*what +
                         ": put the data back, or let the trial begin anew with `headway retry`");
  }
  found.newest.reset();
  comm.barrier();
  if (comm.rank() != 0) return;
  CheckpointFolder(from.checkpoint_folder).clear();
  sink.remark(*what + ": it begins anew");
}

}  // namespace

void train_from_newest(const Resumption& from,
                       Communicator& comm,
                       TrialSink& sink,
                       const std::function<void(const std::optional<LoadedCheckpoint>&)>& train) {
  const CheckpointFolder folder(from.checkpoint_folder);
  std::optional<std::int64_t> discarded;
  while (true) {
    RecoveredCheckpoint found = recover_on_all_ranks(folder, comm);
    report_damage(found, sink);
    refuse_or_drop_other_data(found, from, comm, sink);
    try {
      return train(found.newest);
    } catch (const UnusableCheckpoint& error) {
      if (!found.newest) throw;
      const auto step = found.newest->manifest.at("step").get<std::int64_t>();
      found.newest.reset();  // its file is mapped
      if (step == discarded) {
        throw EnvironmentError(
            fmt::format("{}: the checkpoint of step {} is of no use ({}) and cannot be removed; "
                        "remove it by hand",
                        from.checkpoint_folder.string(),
                        step,
                        error.what()));
      }
      discarded = step;
      if (comm.rank() != 0) continue;
      sink.remark(fmt::format("the checkpoint of step {} is of no use: {}", step, error.what()));
      folder.discard(step);
    }
  }
}

std::string precision_of(const LoadedCheckpoint& checkpoint) {
  const auto found = checkpoint.manifest.find("precision");
  const bool is_one = found != checkpoint.manifest.end() && (*found == "fp32" || *found == "bf16");
  if (!is_one) throw UnusableCheckpoint("it does not tell its precision");
  return found->get<std::string>();
}

}  // namespace headway
