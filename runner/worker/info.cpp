#include <ATen/Context.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/build_info.h"
#include "base/host.h"
#include "base/json.h"
#include "comm/nccl/device_array.h"
#include "runner/worker/worker_verbs.h"

namespace headway {

std::string torch_version() {
  return fmt::format("{}.{}.{}", TORCH_VERSION_MAJOR, TORCH_VERSION_MINOR, TORCH_VERSION_PATCH);
}

void print_info() {
  const BuildInfo build = build_info();
  const nlohmann::json info{{"headway", std::string(build.version)},
                            {"git_revision", std::string(build.git_revision)},
                            {"build_type", std::string(build.build_type)},
                            {"compiler", std::string(build.compiler)},
                            {"torch", torch_version()},
                            {"open_mpi", mpi_library_version()},
                            {"nccl", nccl_version()},
                            {"cuda", cuda_version()},
                            {"gpus", gpu_count()},
                            {"cores", available_cores()},
                            {"cpu_capability", at::get_cpu_capability()},
                            {"blas", at::hasMKL() ? "MKL" : "other"},
                            {"onednn", at::hasMKLDNN()}};
  std::cout << json_text(info, 2) << std::endl;
}

std::string version_text() {
  const BuildInfo build = build_info();
  return fmt::format("headway-worker {} ({}, {}, {})\nLibTorch {}\n{}\nNCCL {}\nCUDA {}",
                     build.version,
                     build.git_revision,
                     build.build_type,
                     build.compiler,
                     torch_version(),
                     mpi_library_version(),
                     nccl_version(),
                     cuda_version());
}

}  // namespace headway
