# LibTorch as the Python wheel lays it out: HEADWAY_TORCH is the folder that holds include/ and lib/.
# The wheel's own CMake package insists on a CUDA toolkit, so the targets are made here.
set(HEADWAY_TORCH "$ENV{HEADWAY_TORCH}" CACHE PATH "LibTorch: the folder with include/ and lib/")
if(NOT HEADWAY_TORCH)
  set(HEADWAY_TORCH "${CMAKE_CURRENT_SOURCE_DIR}/.deps/torch/torch" CACHE PATH "" FORCE)
endif()
if(NOT EXISTS "${HEADWAY_TORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "no LibTorch in '${HEADWAY_TORCH}' (lib/libtorch_cpu.so not found); "
                      "run scripts/setup, or set HEADWAY_TORCH to the torch folder of an installation")
endif()
# Named by a link inside the build folder: the compiler cache then sees the same relative path wherever
# LibTorch lies.
set(torch_root "${CMAKE_BINARY_DIR}/libtorch")
file(CREATE_LINK "${HEADWAY_TORCH}" "${torch_root}" SYMBOLIC)
# -idirafter: the wheel carries its own fmt, which must not hide the system's.
add_library(headway_torch INTERFACE)
target_compile_options(headway_torch INTERFACE
  "SHELL:-idirafter ${torch_root}/include"
  "SHELL:-idirafter ${torch_root}/include/torch/csrc/api/include")
# Without it ATen/TensorOperators.h (a + b on tensors) includes all of ATen.
target_compile_definitions(headway_torch INTERFACE AT_PER_OPERATOR_HEADERS)
target_link_directories(headway_torch INTERFACE "${torch_root}/lib")
target_link_libraries(headway_torch INTERFACE torch_cpu c10)
target_link_options(headway_torch INTERFACE -Wl,--allow-shlib-undefined
                    "-Wl,-rpath-link,${torch_root}/lib")

# at::parallel_for stands in a header and runs on one thread where OpenMP is off. LibTorch's own copy
# of the OpenMP library, where it has one, so that no second one is loaded.
find_package(OpenMP REQUIRED COMPONENTS CXX)
set(openmp_library "${HEADWAY_TORCH}/lib/libgomp.so.1")
if(NOT EXISTS "${openmp_library}")
  set(openmp_library OpenMP::OpenMP_CXX)
endif()
target_compile_options(headway_torch INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${OpenMP_CXX_FLAGS}>")
target_link_libraries(headway_torch INTERFACE ${openmp_library})

if(HEADWAY_CUDA)
  find_package(CUDAToolkit 13.0 REQUIRED)
  find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${CUDAToolkit_INCLUDE_DIRS} REQUIRED)
  find_library(NCCL_LIBRARY NAMES nccl libnccl.so.2 HINTS ${CUDAToolkit_LIBRARY_DIR} REQUIRED)
  add_library(headway_cuda INTERFACE)
  target_include_directories(headway_cuda SYSTEM INTERFACE ${NCCL_INCLUDE_DIR})
  target_link_libraries(headway_cuda INTERFACE ${NCCL_LIBRARY} CUDA::cudart)
  # Nothing names a symbol of it: it registers its kernels when it is loaded.
  target_link_libraries(headway_torch INTERFACE
    "-Wl,--push-state,--no-as-needed" torch_cuda c10_cuda "-Wl,--pop-state")
endif()
