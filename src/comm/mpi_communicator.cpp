#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "base/errors.h"
#include "comm/aligned_memory.h"
#include "comm/communicator.h"
#include "comm/mpi_check.h"
#include "comm/shared_block.h"
#include "comm/tree_sum.h"

namespace headway {
namespace {

constexpr std::size_t kChunkElements = 1 << 18;  // of an exchanged message

template <typename T>
MPI_Datatype mpi_type();
template <>
MPI_Datatype mpi_type<float>() {
  return MPI_FLOAT;
}
template <>
MPI_Datatype mpi_type<double>() {
  return MPI_DOUBLE;
}

bool all_on_one_node(int size) {
  MPI_Comm node = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node),
            "MPI_Comm_split_type");
  int node_size = 0;
  check_mpi(MPI_Comm_size(node, &node_size), "MPI_Comm_size");
  MPI_Comm_free(&node);
  std::uint32_t whole = node_size == size ? 1 : 0;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &whole, 1, MPI_UINT32_T, MPI_MIN, MPI_COMM_WORLD),
            "MPI_Allreduce");
  return whole == 1;
}

class MpiCommunicator final : public Communicator {
 public:
  MpiCommunicator() {
    check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
    if ((size_ & (size_ - 1)) != 0) {
      throw ConfigError(
          fmt::format("a trial needs 1, 2, 4, 8, ... ranks; this launch has {}", size_));
    }
    one_node_ = all_on_one_node(size_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void barrier() override { check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier"); }

  std::string broadcast(const std::string& text) override {
    std::uint64_t bytes = text.size();
    check_mpi(MPI_Bcast(&bytes, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD), "MPI_Bcast");
    expects(bytes < std::numeric_limits<int>::max(), "broadcast: text too long");
    std::string result = rank_ == 0 ? text : std::string(bytes, '\0');
    check_mpi(MPI_Bcast(result.data(), static_cast<int>(bytes), MPI_CHAR, 0, MPI_COMM_WORLD),
              "MPI_Bcast");
    return result;
  }

  void all_gather(std::span<const std::byte> own, std::span<std::byte> all) override {
    expects(all.size() == own.size() * static_cast<std::size_t>(size_), "all_gather: sizes");
    const std::size_t chunk = kChunkElements * sizeof(float);
    std::vector<std::byte> received(std::min(chunk, own.size()) * static_cast<std::size_t>(size_));
    for (std::size_t start = 0; start < own.size(); start += chunk) {
      const std::size_t length = std::min(chunk, own.size() - start);
      check_mpi(MPI_Allgather(own.data() + start,
                              static_cast<int>(length),
                              MPI_BYTE,
                              received.data(),
                              static_cast<int>(length),
                              MPI_BYTE,
                              MPI_COMM_WORLD),
                "MPI_Allgather");
      for (std::size_t peer = 0; peer < static_cast<std::size_t>(size_); ++peer) {
        std::copy_n(
            received.data() + peer * length, length, all.data() + peer * own.size() + start);
      }
    }
  }

  std::span<float> allocate(std::size_t count) override {
    if (!one_node_) {
      private_.push_back(allocate_aligned(count));
      return {private_.back().get(), count};
    }
    blocks_.push_back(make_shared_block(count));
    return blocks_.back().values(rank_);
  }

  void sum(std::span<float> values) override {
    if (SharedBlock* block = block_of(values)) {
      sum_in_place(*block, values);
    } else {
      exchange_and_add(values);
    }
  }
  void sum(std::span<double> values) override { exchange_and_add(values); }

  std::uint32_t combine_flags(std::uint32_t flags) override {
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &flags, 1, MPI_UINT32_T, MPI_BOR, MPI_COMM_WORLD),
              "MPI_Allreduce");
    return flags;
  }

 private:
  // Every rank learns whether rank 0 could make the block, so that all throw alike.
  SharedBlock make_shared_block(std::size_t count) {
    std::optional<SharedBlock> block;
    std::string fault;
    std::int64_t where[2] = {0, -1};
    if (rank_ == 0) {
      try {
        block.emplace(SharedBlock::create(size_, count));
        where[0] = block->address().pid;
        where[1] = block->address().fd;
      } catch (const EnvironmentError& error) {
        fault = error.what();
      }
    }
    fault = broadcast(fault);
    if (!fault.empty()) throw EnvironmentError(fault);
    check_mpi(MPI_Bcast(where, 2, MPI_INT64_T, 0, MPI_COMM_WORLD), "MPI_Bcast");
    if (rank_ != 0) {
      block.emplace(SharedBlock::open({where[0], static_cast<int>(where[1])}, size_, count));
    }
    barrier();
    return std::move(*block);
  }

  SharedBlock* block_of(std::span<float> values) {
    for (SharedBlock& block : blocks_) {
      const std::span<float> own = block.values(rank_);
      const bool inside =
          values.data() >= own.data() && values.data() + values.size() <= own.data() + own.size();
      if (inside) return &block;
    }
    return nullptr;
  }

  // Each rank sums one slice of all ranks' arrays and writes the sum back into all of them.
  void sum_in_place(SharedBlock& block, std::span<float> values) {
    const auto offset = static_cast<std::size_t>(values.data() - block.values(rank_).data());
    std::vector<float*> arrays;
    for (int peer = 0; peer < size_; ++peer) arrays.push_back(block.values(peer).data() + offset);
    const std::size_t lines = (values.size() + 15) / 16;  // slices end on cache lines
    const auto slice_begin = [&](int peer) {
      return std::min(
          values.size(),
          lines * static_cast<std::size_t>(peer) / static_cast<std::size_t>(size_) * 16);
    };
    block.barrier();
    tree_sum_into_all(
        arrays, slice_begin(rank_), rank_ + 1 == size_ ? values.size() : slice_begin(rank_ + 1));
    block.barrier();
  }

  // Recursive doubling: after round k the sums cover aligned blocks of 2^(k+1) ranks. Addition
  // commutes, so both partners compute the same bits: those of the fixed tree.
  template <typename T>
  void exchange_and_add(std::span<T> values) {
    std::vector<T> received(std::min(kChunkElements, values.size()));
    for (int distance = 1; distance < size_; distance *= 2) {
      const int partner = rank_ ^ distance;
      for (std::size_t start = 0; start < values.size(); start += kChunkElements) {
        const std::size_t length = std::min(kChunkElements, values.size() - start);
        T* own = values.data() + start;
        check_mpi(MPI_Sendrecv(own,
                               static_cast<int>(length),
                               mpi_type<T>(),
                               partner,
                               0,
                               received.data(),
                               static_cast<int>(length),
                               mpi_type<T>(),
                               partner,
                               0,
                               MPI_COMM_WORLD,
                               MPI_STATUS_IGNORE),
                  "MPI_Sendrecv");
        for (std::size_t i = 0; i < length; ++i) own[i] += received[i];
      }
    }
  }

  int rank_ = 0;
  int size_ = 1;
  bool one_node_ = false;
  std::vector<SharedBlock> blocks_;
  std::vector<AlignedFloats> private_;
};

}  // namespace

std::unique_ptr<Communicator> make_mpi_communicator(MpiSession&) {
  return std::make_unique<MpiCommunicator>();
}

}  // namespace headway
