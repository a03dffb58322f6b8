#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "comm/nccl/device_array.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (headway::gpu_count() == 0) {
    std::cout << "no GPU here" << std::endl;
    return EXIT_FAILURE;
  }
  // cuBLAS repeats its bits only so.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  return RUN_ALL_TESTS();
}
