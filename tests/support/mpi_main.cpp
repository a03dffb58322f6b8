// Runs the tests on every rank, prints rank 0's report only, and fails when any rank failed.
#include <gtest/gtest.h>

#include "comm/communicator.h"
#include "support/test_communicator.h"

namespace headway {
namespace {
Communicator* the_communicator = nullptr;
}
Communicator& test_communicator() {
  return *the_communicator;
}
}  // namespace headway

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  headway::MpiSession session;
  const auto communicator = headway::make_mpi_communicator(session);
  headway::the_communicator = communicator.get();
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (communicator->rank() != 0) delete listeners.Release(listeners.default_result_printer());
  const int own = RUN_ALL_TESTS();
  return communicator->all_reduce_or(own != 0 ? 1U : 0U) == 0 ? 0 : 1;
}
