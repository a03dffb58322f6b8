#include "base/memory_use.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace headway {
namespace {

TEST(MemoryUse, the_peak_stays_when_memory_is_given_back) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const auto before = memory_use(::getpid());
  ASSERT_TRUE(before);
  {
    std::vector<char> block(kBytes);
    std::memset(block.data(), 1, block.size());
    EXPECT_GE(memory_use(::getpid())->resident_bytes,
              before->resident_bytes + static_cast<std::int64_t>(kBytes / 2));
  }
  EXPECT_GE(memory_use(::getpid())->peak_bytes,
            before->resident_bytes + static_cast<std::int64_t>(kBytes / 2));
}

TEST(MemoryUse, a_process_that_is_gone_has_none) {
  EXPECT_FALSE(memory_use(0x7ffffff0));
}

TEST(MemoryUse, this_machine_has_some) {
  EXPECT_GT(available_memory_bytes(), memory_use(::getpid())->resident_bytes);
  EXPECT_GE(out_of_memory_kills(), 0);
}

TEST(MemoryUse, bytes_are_told_in_units_of_their_size) {
  EXPECT_EQ(format_bytes(std::int64_t{512} << 20), "512 MiB");
  EXPECT_EQ(format_bytes(std::int64_t{3} << 29), "1.5 GiB");
}

}  // namespace
}  // namespace headway
