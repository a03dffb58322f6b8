// One contestant of bench/all_reduce/compare.py, started by mpirun (with --stdin all):
//   bench_all_reduce headway|mpi
// Says "ready", then reads lines "ELEMENTS REPETITIONS" and answers with the seconds that one sum
// of that many floats over all ranks takes, until its input ends.
#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/time.h"
#include "comm/communicator.h"

namespace headway {
namespace {

constexpr float kValue = 1e-30F;

/// What is timed: prepared once, called again and again.
using Sum = std::function<void()>;

Sum own_sum(Communicator& comm, std::size_t count) {
  const std::shared_ptr<AllReduceBuffer> array = comm.make_array(count, SumPrecision::kFloat32);
  std::ranges::fill(array->values(), kValue);
  return [array] {
    array->begin_write();
    array->all_reduce();
    array->end_read();
  };
}

Sum mpi_sum(std::size_t count) {
  const auto values = std::make_shared<std::vector<float>>(count, kValue);
  return [values] {
    MPI_Allreduce(MPI_IN_PLACE,
                  values->data(),
                  static_cast<int>(values->size()),
                  MPI_FLOAT,
                  MPI_SUM,
                  MPI_COMM_WORLD);
  };
}

double seconds_per_sum(Communicator& comm, const Sum& sum, int repetitions) {
  sum();  // warms up
  comm.barrier();
  const double start = monotonic_seconds();
  for (int i = 0; i < repetitions; ++i) sum();
  comm.barrier();
  return (monotonic_seconds() - start) / repetitions;
}

void serve(const std::string& contestant, const std::string& pipes, Communicator& comm) {
  std::ifstream commands(fmt::format("{}.{}", pipes, comm.rank()));
  if (comm.rank() == 0) std::cout << "ready" << std::endl;
  std::size_t elements = 0;
  int repetitions = 0;
  while (commands >> elements >> repetitions) {
    const Sum sum = contestant == "mpi" ? mpi_sum(elements) : own_sum(comm, elements);
    const double seconds = seconds_per_sum(comm, sum, repetitions);
    if (comm.rank() == 0) std::cout << fmt::format("{:.9f}", seconds) << std::endl;
  }
}

}  // namespace
}  // namespace headway

int main(int argc, char** argv) {
  try {
    headway::MpiSession session;
    const auto comm = headway::make_mpi_communicator(session);
    if (argc != 3) throw headway::ConfigError("expected 2 arguments; see the top of the source");
    headway::serve(argv[1], argv[2], *comm);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    headway::abort_all_ranks(EXIT_FAILURE);
  }
}
