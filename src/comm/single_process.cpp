#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "base/errors.h"
#include "comm/aligned_memory.h"
#include "comm/communicator.h"

namespace headway {
namespace {

class SingleProcess final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void barrier() override {}
  std::string broadcast(const std::string& text) override { return text; }
  void all_gather(std::span<const std::byte> own, std::span<std::byte> all) override {
    expects(own.size() == all.size(), "all_gather: sizes");
    std::ranges::copy(own, all.begin());
  }
  std::span<float> allocate(std::size_t count) override {
    blocks_.push_back(allocate_aligned(count));
    return {blocks_.back().get(), count};
  }
  void sum(std::span<float>) override {}
  void sum(std::span<double>) override {}
  std::uint32_t combine_flags(std::uint32_t flags) override { return flags; }

 private:
  std::vector<AlignedFloats> blocks_;
};

}  // namespace

AlignedFloats allocate_aligned(std::size_t count) {
  const std::size_t bytes = (std::max<std::size_t>(count, 1) * sizeof(float) + 63) / 64 * 64;
  auto* address = static_cast<float*>(std::aligned_alloc(64, bytes));
  if (address == nullptr) throw std::bad_alloc();
  std::memset(address, 0, bytes);
  return AlignedFloats(address);
}

std::unique_ptr<Communicator> make_single_process_communicator() {
  return std::make_unique<SingleProcess>();
}

}  // namespace headway
