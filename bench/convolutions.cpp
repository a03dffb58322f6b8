// headway's 3x3 convolutions against PyTorch's (oneDNN), in turns, fp32 and channels-last, at the
// shapes of resnet18 and small_cnn: times, and how many times as long PyTorch's take.
//   bench_convolutions [THREADS=2 [IMAGES=128]]
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "models/layers/winograd/winograd_kernels.h"
#include "training/step/resident_memory.h"

namespace headway {
namespace {

constexpr int kTurns = 15;
constexpr int kCallsPerTurn = 4;
constexpr double kMilliseconds = 1e3;

using Call = std::function<void()>;

double milliseconds(const Call& call) {
  const double start = monotonic_seconds();
  for (int i = 0; i < kCallsPerTurn; ++i) call();
  return (monotonic_seconds() - start) / kCallsPerTurn * kMilliseconds;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// "headway's ms / PyTorch's ms = ratio".
std::string race(const Call& ours, const Call& theirs) {
  ours();
  theirs();
  std::vector<double> own_times;
  std::vector<double> their_times;
  std::vector<double> ratios;
  for (int turn = 0; turn < kTurns; ++turn) {
    own_times.push_back(milliseconds(ours));
    their_times.push_back(milliseconds(theirs));
    ratios.push_back(their_times.back() / own_times.back());
  }
  return fmt::format(
      "{:7.3f} {:7.3f} {:5.2f}", median(own_times), median(their_times), median(ratios));
}

class Contest {
 public:
  explicit Contest(const Convolution3x3& shape)
      : shape_(shape),
        x_(noise({shape.images, shape.in, shape.height, shape.width})),
        weight_(noise({shape.out, shape.in, 3, 3})),
        grad_y_(noise({shape.images, shape.out, shape.height, shape.width})),
        y_(at::empty_like(grad_y_)),
        grad_x_(at::empty_like(x_)),
        grad_weight_(at::empty_like(weight_)) {}

  std::string run() {
    const auto* x = x_.const_data_ptr<float>();
    const auto* weight = weight_.const_data_ptr<float>();
    const auto* grad_y = grad_y_.const_data_ptr<float>();
    const std::string output =
        race([&] { winograd_output(shape_, x, weight, y_.mutable_data_ptr<float>()); },
             [&] { at::conv2d(x_, weight_, std::nullopt, 1, 1); });
    const std::string by_x = race(
        [&] { winograd_input_gradient(shape_, grad_y, weight, grad_x_.mutable_data_ptr<float>()); },
        [&] {
          torch_gradient({true, false, false});
        });
    const std::string by_weight = race(
        [&] {
          winograd_weight_gradient(shape_, x, grad_y, grad_weight_.mutable_data_ptr<float>());
        },
        [&] {
          torch_gradient({false, true, false});
        });
    return fmt::format("{:>3} -> {:>3}, {:>2} x {:<2}  {}  {}  {}",
                       shape_.in,
                       shape_.out,
                       shape_.height,
                       shape_.width,
                       output,
                       by_x,
                       by_weight);
  }

 private:
  static at::Tensor noise(at::IntArrayRef sizes) {
    return at::randn(sizes).contiguous(at::MemoryFormat::ChannelsLast);
  }

  void torch_gradient(std::array<bool, 3> wanted) const {
    at::convolution_backward(grad_y_,
                             x_,
                             weight_,
                             at::OptionalIntArrayRef(),
                             at::IntArrayRef{1, 1},
                             at::IntArrayRef{1, 1},
                             at::IntArrayRef{1, 1},
                             /*transposed=*/false,
                             at::IntArrayRef{0, 0},
                             /*groups=*/1,
                             wanted);
  }

  Convolution3x3 shape_;
  at::Tensor x_;
  at::Tensor weight_;
  at::Tensor grad_y_;
  at::Tensor y_;
  at::Tensor grad_x_;
  at::Tensor grad_weight_;
};

void run(std::span<char*> arguments) {
  const int threads = arguments.size() > 1 ? std::stoi(arguments[1]) : 2;
  const std::int64_t images = arguments.size() > 2 ? std::stoll(arguments[2]) : 128;
  at::set_num_threads(threads);
  const at::NoGradGuard no_grad;
  std::cout << fmt::format("{} images, {} threads; milliseconds of headway and of PyTorch, ratio\n",
                           images,
                           threads)
            << "channels, pixels            output                 gradient by x          gradient "
               "by weights\n";
  for (const auto& [in, out, side] : {std::array<std::int64_t, 3>{16, 16, 32},
                                      {32, 32, 16},
                                      {64, 64, 8},
                                      {128, 128, 4},
                                      {16, 32, 14},
                                      {32, 64, 7},
                                      {64, 64, 32},
                                      {128, 128, 16},
                                      {256, 256, 8},
                                      {512, 512, 4}}) {
    std::cout << Contest({images, side, side, in, out}).run() << std::endl;
  }
}

}  // namespace
}  // namespace headway

int main(int argc, char** argv) {
  headway::keep_memory_resident();
  try {
    headway::run({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
