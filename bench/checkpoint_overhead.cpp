// What checkpoints cost: training with and without one in flight, in turns, and the time from a
// stop to the state being on disk, and back from there.
//   bench_checkpoint_overhead [WIDTH=64 [THREADS=1 [ROUNDS=7]]]
// resnet18 on 3 x 32 x 32 images, global batch 64 per rank; under mpirun it uses all ranks. The
// stated limits: a checkpoint a minute slows training by less than 2 %, and stopping and going on
// takes less than 1 s. Exit code 1 above one of them.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <span>

#include "base/time.h"
#include "bench/noise_images.h"
#include "config/schema/catalog.h"
#include "support/temporary_directory.h"
#include "support/trial_ids.h"
#include "training/model.h"
#include "training/state/checkpoint_saver.h"
#include "training/step/resident_memory.h"

namespace headway {
namespace {

constexpr std::int64_t kClasses = 10;
constexpr std::int64_t kImages = 2048;
constexpr std::int64_t kBatchPerRank = 64;
constexpr ImageShape kShape{3, 32, 32};
constexpr double kMinute = 60;
constexpr double kLargestSlowdown = 0.02;
constexpr double kLongestResume = 1;

struct Arguments {
  std::int64_t width = 64;
  int threads = 1;
  int rounds = 7;
};

TrialConfig trial_config(std::int64_t width, int ranks) {
  TrialConfig config;
  config.dataset.normalization = "half";
  config.encoder = {"resnet18", default_options(Family::kEncoder, "resnet18")};
  config.encoder.options.values()["width"] = width;
  config.head = {"dot", default_options(Family::kHead, "dot")};
  config.class_vectors.options =
      default_options(Family::kClassVectors, config.class_vectors.distribution);
  config.optimizer.options = default_options(Family::kOptimizer, "sgd");
  config.schedule.options = default_options(Family::kSchedule, config.schedule.name);
  config.training.batch_size = kBatchPerRank * ranks;
  config.training.shards = ranks;
  return config;
}

class Training {
 public:
  Training(std::int64_t width, Communicator& comm, const std::filesystem::path& folder)
      : config_(trial_config(width, comm.size())),
        images_(kImages, kShape, kClasses),
        model_(build_model(config_, kShape, kClasses)),
        step_(config_, images_.set, model_, {at::kCPU, false}, comm),
        rate_(config_, kImages / config_.training.batch_size),
        state_(*model_.parameters, step_, rate_, comm),
        saver_({folder, folder / "best.safetensors", id_beginning("be")}, {}, state_, comm),
        order_(kImages) {
    std::iota(order_.begin(), order_.end(), 0);
  }

  void run_step() {
    const auto batch = static_cast<std::size_t>(config_.training.batch_size);
    const std::size_t first = static_cast<std::size_t>(position_.steps_done) * batch % kImages;
    step_.run({std::span(order_).subspan(first, batch), 0, 0.01, false, false});
    ++position_.steps_done;
  }
  void save() { saver_.save(position_, {}); }
  void finish_save() { saver_.finish(); }
  void restore(const LoadedCheckpoint& checkpoint) { position_ = state_.restore(checkpoint); }

 private:
  TrialConfig config_;
  NoiseImages images_;
  Model model_;
  TrainStep step_;
  LearningRate rate_;
  TrainingState state_;
  CheckpointSaver saver_;
  TrialPosition position_;
  std::vector<std::int32_t> order_;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

template <typename Action>
double seconds_of(const Action& action) {
  const double start = monotonic_seconds();
  action();
  return monotonic_seconds() - start;
}

struct Measured {
  double step = 0;      // seconds
  double slowdown = 0;  // by a checkpoint a minute, as a fraction
  double stop = 0;
  double resume = 0;
};

// The steps of a round last longer than a save, so that all of it happens beside them.
Measured measure(Training& training, int rounds, std::int64_t steps) {
  std::vector<double> without;
  std::vector<double> with;
  std::vector<double> stops;
  const auto train = [&] {
    for (std::int64_t i = 0; i < steps; ++i) training.run_step();
  };
  for (int round = 0; round < rounds; ++round) {
    without.push_back(seconds_of(train));
    with.push_back(seconds_of([&] {
      training.save();
      train();
      training.finish_save();
    }));
    training.run_step();
    stops.push_back(seconds_of([&] {
      training.save();
      training.finish_save();
    }));
  }
  return {.step = median(without) / static_cast<double>(steps),
          .slowdown = (median(with) - median(without)) / kMinute,
          .stop = median(stops)};
}

std::int64_t steps_longer_than_a_save(Training& training) {
  training.run_step();
  const double step = seconds_of([&] { training.run_step(); });
  const double save = seconds_of([&] {
    training.save();
    training.finish_save();
  });
  return 1 + static_cast<std::int64_t>(2 * save / step);
}

double measure_resume(const Arguments& arguments,
                      Communicator& comm,
                      const std::filesystem::path& folder) {
  std::vector<double> seconds;
  for (int round = 0; round < arguments.rounds; ++round) {
    Training fresh(arguments.width, comm, folder);
    seconds.push_back(seconds_of([&] {
      const auto found = recover_on_all_ranks(CheckpointFolder(folder), comm);
      fresh.restore(*found.newest);
    }));
  }
  return median(seconds);
}

bool report(const Measured& found, int ranks) {
  fmt::print("{} rank{}: a step {:.3f} s\n", ranks, ranks == 1 ? "" : "s", found.step);
  fmt::print("a checkpoint a minute slows training by {:.2f} % (limit {:.0f} %)\n",
             100 * found.slowdown,
             100 * kLargestSlowdown);
  fmt::print("stop, until on disk: {:.3f} s; resume, until restored: {:.3f} s (limit {:.0f} s)\n",
             found.stop,
             found.resume,
             kLongestResume);
  return found.slowdown < kLargestSlowdown && found.stop + found.resume < kLongestResume;
}

int run(const Arguments& arguments, Communicator& comm) {
  at::set_num_threads(arguments.threads);
  const TemporaryDirectory own;
  const std::filesystem::path folder = comm.broadcast((own.path() / "checkpoints").string());
  Measured found;
  {
    Training training(arguments.width, comm, folder);
    // Rank 0's clock decides: all ranks must take the same steps.
    const std::int64_t steps =
        std::stoll(comm.broadcast(std::to_string(steps_longer_than_a_save(training))));
    found = measure(training, arguments.rounds, steps);
  }
  found.resume = measure_resume(arguments, comm, folder);
  comm.barrier();  // before rank 0's folder goes
  if (comm.rank() != 0) return EXIT_SUCCESS;
  return report(found, comm.size()) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_on_all_ranks(std::span<char*> given) {
  Arguments arguments;
  if (given.size() > 1) arguments.width = std::stoll(given[1]);
  if (given.size() > 2) arguments.threads = std::stoi(given[2]);
  if (given.size() > 3) arguments.rounds = std::stoi(given[3]);
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) {
    return run(arguments, *make_single_process_communicator());
  }
  MpiSession session;
  return run(arguments, *make_mpi_communicator(session));
}

}  // namespace
}  // namespace headway

int main(int argc, char** argv) {
  headway::keep_memory_resident();
  try {
    return headway::run_on_all_ranks({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
