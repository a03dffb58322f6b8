#include <mpi.h>

#include <array>
#include <cstdlib>

#include "base/errors.h"
#include "comm/communicator.h"
#include "comm/mpi_check.h"

namespace headway {

void check_mpi(int status, std::string_view call) {
  if (status == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(status, text.data(), &length);
  throw EnvironmentError(std::string(call) +
                         " failed: " + std::string(text.data(), static_cast<std::size_t>(length)));
}

MpiSession::MpiSession() {
  int provided = 0;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
}

MpiSession::~MpiSession() {
  MPI_Finalize();
}

void abort_all_ranks(int exit_code) {
  int running = 0;
  MPI_Initialized(&running);
  if (running != 0) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

std::string mpi_library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  if (MPI_Get_library_version(text.data(), &length) != MPI_SUCCESS) return "unknown";
  const std::string full(text.data(), static_cast<std::size_t>(length));
  return full.substr(0, full.find(','));
}

}  // namespace headway
