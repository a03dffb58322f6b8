#pragma once

#include <string_view>

namespace headway {

/// EnvironmentError with MPI's own text unless `status` is MPI_SUCCESS.
void check_mpi(int status, std::string_view call);

}  // namespace headway
