#include <mpi.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "base/errors.h"
#include "comm/all_reduce/hierarchical_all_reduce.h"
#include "comm/communicator.h"
#include "comm/mpi/rank_placement.h"
#include "comm/mpi_check.h"

namespace headway {
namespace {

constexpr std::size_t kGatheredBytes = 1 << 20;  // of each rank, in one message

class MpiCommunicator final : public Communicator {
 public:
  MpiCommunicator() : placement_(find_rank_placement()) {}

  int rank() const override { return placement_.topology.rank; }
  int size() const override { return placement_.topology.size; }
  bool allows_threads() const override {
    int provided = 0;
    check_mpi(MPI_Query_thread(&provided), "MPI_Query_thread");
    return provided >= MPI_THREAD_SERIALIZED;
  }
  void barrier() override { check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier"); }

  std::string broadcast(const std::string& text) override { return text_of(0, text); }

  void all_gather(std::span<const std::byte> own, std::span<std::byte> all) override {
    const auto ranks = static_cast<std::size_t>(size());
    expects(all.size() == own.size() * ranks, "all_gather: sizes");
    std::vector<std::byte> received(std::min(kGatheredBytes, own.size()) * ranks);
    for (std::size_t start = 0; start < own.size(); start += kGatheredBytes) {
      const std::size_t length = std::min(kGatheredBytes, own.size() - start);
      check_mpi(MPI_Allgather(own.data() + start,
                              static_cast<int>(length),
                              MPI_BYTE,
                              received.data(),
                              static_cast<int>(length),
                              MPI_BYTE,
                              MPI_COMM_WORLD),
                "MPI_Allgather");
      for (std::size_t peer = 0; peer < ranks; ++peer) {
        std::copy_n(
            received.data() + peer * length, length, all.data() + peer * own.size() + start);
      }
    }
  }

  std::unique_ptr<AllReduceBuffer> make_array(std::size_t count, SumPrecision precision) override {
    return std::make_unique<HierarchicalAllReduce>(
        placement_.topology, make_shared_block(count), precision);
  }

  void all_reduce_sum(std::span<float> values) override { sum_by_messages(floats_, values); }
  void all_reduce_sum(std::span<double> values) override { sum_by_messages(doubles_, values); }

  std::uint32_t all_reduce_or(std::uint32_t flags) override {
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &flags, 1, MPI_UINT32_T, MPI_BOR, MPI_COMM_WORLD),
              "MPI_Allreduce");
    return flags;
  }

 private:
  std::string text_of(int source, const std::string& text) {
    std::uint64_t bytes = text.size();
    check_mpi(MPI_Bcast(&bytes, 1, MPI_UINT64_T, source, MPI_COMM_WORLD), "MPI_Bcast");
    expects(bytes < std::numeric_limits<int>::max(), "broadcast: text too long");
    std::string result = rank() == source ? text : std::string(bytes, '\0');
    check_mpi(MPI_Bcast(result.data(), static_cast<int>(bytes), MPI_CHAR, source, MPI_COMM_WORLD),
              "MPI_Bcast");
    return result;
  }

  /// Throws on all ranks the fault of the lowest rank that has one: `fault` is empty without.
  void throw_common_fault(const std::string& fault) {
    int faulty = fault.empty() ? size() : rank();
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &faulty, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD),
              "MPI_Allreduce");
    if (faulty < size()) throw EnvironmentError(text_of(faulty, fault));
  }

  /// One per node, made by its first rank. A rank that fails must not leave others waiting.
  SharedBlock make_shared_block(std::size_t count) {
    const RankTopology& topology = placement_.topology;
    std::optional<SharedBlock> block;
    std::string fault;
    SharedBlockAddress address;
    const auto attempt = [&](const auto& make) {
      try {
        block.emplace(make());
      } catch (const EnvironmentError& error) {
        fault = error.what();
      }
    };
    if (topology.rank_in_node() == 0) {
      attempt([&] { return SharedBlock::create(topology.ranks_per_node, count); });
      if (block) address = block->address();
    }
    throw_common_fault(fault);
    std::int64_t where[2] = {address.pid, address.fd};
    check_mpi(MPI_Bcast(where, 2, MPI_INT64_T, 0, placement_.block.native()), "MPI_Bcast");
    if (topology.rank_in_node() != 0) {
      attempt([&] {
        return SharedBlock::open({where[0], where[1]}, topology.ranks_per_node, count);
      });
    }
    throw_common_fault(fault);  // and nobody waits for values before all have opened the block
    return std::move(*block);
  }

  Peers all_ranks() const { return {.own = rank(), .count = size(), .stride = 1, .first = 0}; }

  RankPlacement placement_;
  ChunkedAllReduce<float> floats_{all_ranks(), SumPrecision::kFloat32};
  ChunkedAllReduce<double> doubles_{all_ranks(), SumPrecision::kFloat32};
};

}  // namespace

std::unique_ptr<Communicator> make_mpi_communicator(MpiSession&) {
  return std::make_unique<MpiCommunicator>();
}

}  // namespace headway
