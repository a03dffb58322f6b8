#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "base/errors.h"
#include "comm/communicator.h"

namespace headway {
namespace {

struct FreeDeleter {
  void operator()(void* address) const { std::free(address); }
};
using AlignedFloats = std::unique_ptr<float, FreeDeleter>;

/// Zeroed, 64-byte aligned.
AlignedFloats allocate_aligned(std::size_t count) {
  const std::size_t bytes = (std::max<std::size_t>(count, 1) * sizeof(float) + 63) / 64 * 64;
  auto* address = static_cast<float*>(std::aligned_alloc(64, bytes));
  if (address == nullptr) throw std::bad_alloc();
  std::memset(address, 0, bytes);
  return AlignedFloats(address);
}

class PrivateArray final : public AllReduceBuffer {
 public:
  explicit PrivateArray(std::size_t count) : memory_(allocate_aligned(count)), count_(count) {}
  void begin_write() override {}
  std::span<float> values() override { return {memory_.get(), count_}; }
  void mark_ready(std::size_t) override {}
  void all_reduce() override {}
  std::span<float> result() override { return values(); }
  void end_read() override {}

 private:
  AlignedFloats memory_;
  std::size_t count_;
};

class SingleProcess final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  bool allows_threads() const override { return true; }
  void barrier() override {}
  std::string broadcast(const std::string& text) override { return text; }
  void all_gather(std::span<const std::byte> own, std::span<std::byte> all) override {
    expects(own.size() == all.size(), "all_gather: sizes");
    std::ranges::copy(own, all.begin());
  }
  std::unique_ptr<AllReduceBuffer> make_array(std::size_t count, SumPrecision) override {
    return std::make_unique<PrivateArray>(count);
  }
  void all_reduce_sum(std::span<float>) override {}
  void all_reduce_sum(std::span<double>) override {}
  std::uint32_t all_reduce_or(std::uint32_t flags) override { return flags; }
};

}  // namespace

std::unique_ptr<Communicator> make_single_process_communicator() {
  return std::make_unique<SingleProcess>();
}

}  // namespace headway
