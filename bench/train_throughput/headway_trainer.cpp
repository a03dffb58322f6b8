// One side of bench/train_throughput/compare.py: headway's training step, augmentation, gradient
// sum and optimiser included.
//   bench_train_throughput ENCODER WIDTH CHANNELS SIDE BATCH SHARDS fp32|bf16 cpu|cuda THREADS
// Started by mpirun it uses all ranks, each with an input of its own. Says "ready", then reads a
// number of steps a line and answers with the seconds they took, until its input ends.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <numeric>
#include <span>
#include <string>

#include "base/errors.h"
#include "base/time.h"
#include "bench/noise_images.h"
#include "config/schema/catalog.h"
#include "training/model.h"
#include "training/step/precision.h"
#include "training/step/resident_memory.h"
#include "training/step/train_step.h"

namespace headway {
namespace {

constexpr std::int64_t kClasses = 10;
constexpr std::int64_t kImages = 4096;

struct Arguments {
  std::string encoder;
  std::int64_t width;
  std::int64_t channels;
  std::int64_t side;
  std::int64_t batch;
  std::int64_t shards;
  bool bf16;
  at::Device device;
  int threads;
};

Arguments parse(std::span<char*> given) {
  if (given.size() != 10) throw ConfigError("expected 9 arguments; see the top of the source");
  const auto number = [&](std::size_t i) { return std::stoll(given[i]); };
  return {.encoder = given[1],
          .width = number(2),
          .channels = number(3),
          .side = number(4),
          .batch = number(5),
          .shards = number(6),
          .bf16 = std::string(given[7]) == "bf16",
          .device = at::Device(given[8]),
          .threads = static_cast<int>(number(9))};
}

TrialConfig trial_config(const Arguments& arguments) {
  TrialConfig config;
  config.dataset.normalization = "half";
  config.encoder = {arguments.encoder, default_options(Family::kEncoder, arguments.encoder)};
  config.encoder.options.values()["width"] = arguments.width;
  config.head = {"dot", default_options(Family::kHead, "dot")};
  config.class_vectors.options =
      default_options(Family::kClassVectors, config.class_vectors.distribution);
  config.optimizer.options = default_options(Family::kOptimizer, "sgd");
  config.optimizer.weight_decay = 5e-4;
  config.augmentation = {{"crop", default_options(Family::kAugmentation, "crop")},
                         {"flip", default_options(Family::kAugmentation, "flip")}};
  config.training.batch_size = arguments.batch;
  config.training.shards = arguments.shards;
  return config;
}

class Steps {
 public:
  Steps(const Arguments& arguments, Communicator& comm)
      : config_(trial_config(arguments)),
        shape_{arguments.channels, arguments.side, arguments.side},
        images_(kImages, shape_, kClasses),
        model_(build_model(config_, shape_, kClasses)),
        step_(config_, images_.set, model_, {arguments.device, arguments.bf16}, comm),
        order_(kImages) {
    std::iota(order_.begin(), order_.end(), 0);
  }

  double seconds(std::int64_t count) {
    const auto batch = static_cast<std::size_t>(config_.training.batch_size);
    const double start = monotonic_seconds();
    for (std::int64_t i = 0; i < count; ++i) {
      const std::size_t after = next_ + 2 * batch > order_.size() ? 0 : next_ + batch;
      step_.run({std::span(order_).subspan(next_, batch),
                 0,
                 0.01,
                 false,
                 false,
                 std::span(order_).subspan(after, batch)});
      next_ = after;
    }
    return monotonic_seconds() - start;
  }

 private:
  TrialConfig config_;
  ImageShape shape_;
  NoiseImages images_;
  Model model_;
  TrainStep step_;
  std::vector<std::int32_t> order_;
  std::size_t next_ = 0;
};

void serve(const Arguments& arguments, Communicator& comm) {
  Steps steps(arguments, comm);
  if (comm.rank() == 0) std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {  // of every rank: waiting costs nothing
    const double seconds = steps.seconds(std::stoll(line));
    if (comm.rank() == 0) std::cout << fmt::format("{:.9f}", seconds) << std::endl;
  }
}

void run(const Arguments& arguments) {
  at::set_num_threads(arguments.threads);
  if (arguments.device.is_cuda()) select_gpu_kernels(/*reproducible=*/true);
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) {
    serve(arguments, *make_single_process_communicator());
  } else {
    MpiSession session;
    serve(arguments, *make_mpi_communicator(session));
  }
}

}  // namespace
}  // namespace headway

int main(int argc, char** argv) {
  headway::keep_memory_resident();
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);  // as headway-worker does
  try {
    headway::run(headway::parse({argv, static_cast<std::size_t>(argc)}));
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
