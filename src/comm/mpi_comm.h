#pragma once

#include <mpi.h>

#include <utility>

#include "comm/mpi_check.h"

namespace headway {

/// Owns an MPI communicator that was made by dup or split.
class MpiComm {
 public:
  MpiComm() = default;
  explicit MpiComm(MPI_Comm handle) : handle_(handle) {}
  MpiComm(MpiComm&& other) noexcept : handle_(std::exchange(other.handle_, MPI_COMM_NULL)) {}
  MpiComm& operator=(MpiComm&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~MpiComm() {
    if (handle_ != MPI_COMM_NULL) MPI_Comm_free(&handle_);
  }

  static MpiComm copy_of_world() {
    MPI_Comm handle = MPI_COMM_NULL;
    check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &handle), "MPI_Comm_dup");
    return MpiComm(handle);
  }

  MPI_Comm native() const { return handle_; }

 private:
  MPI_Comm handle_ = MPI_COMM_NULL;
};

}  // namespace headway
