#include "support/test_communicator.h"

namespace headway {

// Of tests without MPI: this process alone.
Communicator& test_communicator() {
  static const std::unique_ptr<Communicator> alone = make_single_process_communicator();
  return *alone;
}

}  // namespace headway
