#include "base/lost_pages.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <string>

#include "base/errors.h"
#include "base/exit_code.h"
#include "base/text.h"

namespace headway {
namespace {

constexpr std::size_t kMostMappings = 64;
constexpr std::size_t kMostNameBytes = 1024;

struct Mapping {
  std::atomic<bool> is_taken{false};
  std::atomic<const char*> begin{nullptr};  // set last: the rest counts while this is set
  std::size_t bytes = 0;
  std::size_t name_bytes = 0;
  std::array<char, kMostNameBytes> name{};
};

// Fixed memory: handlers may not allocate.
std::array<Mapping, kMostMappings> mappings;

const Mapping* mapping_with(const void* address) {
  for (const Mapping& mapping : mappings) {
    const char* begin = mapping.begin.load();
    const auto* there = static_cast<const char*>(address);
    if (begin != nullptr && there >= begin && there < begin + mapping.bytes) return &mapping;
  }
  return nullptr;
}

void put(std::string_view text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

void tell(int /*signal*/, siginfo_t* info, void* /*context*/) {
  const Mapping* mapping = mapping_with(info->si_addr);
  if (mapping == nullptr) {
    ::raise(SIGBUS);  // once this returns, with what the signal does by itself
    return;
  }
  put({mapping->name.data(), mapping->name_bytes});
  put(": could not be read any more: it became shorter meanwhile, or its disk failed\n");
  ::_exit(kExitFailed);
}

}  // namespace

void tell_of_lost_pages() {
  struct sigaction action {};
  action.sa_sigaction = tell;
  action.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  if (::sigaction(SIGBUS, &action, nullptr) != 0) throw_errno("sigaction");
}

void remember_mapping(const void* begin, std::size_t bytes, std::string_view name) {
  for (Mapping& mapping : mappings) {
    if (mapping.is_taken.exchange(true)) continue;
    const std::string shown = printable(name);
    mapping.bytes = bytes;
    mapping.name_bytes = shown.copy(mapping.name.data(), mapping.name.size());
    mapping.begin = static_cast<const char*>(begin);
    return;
  }
}

void forget_mapping(const void* begin) {
  for (Mapping& mapping : mappings) {
    if (mapping.begin.load() != begin) continue;
    mapping.begin = nullptr;
    mapping.is_taken = false;
    return;
  }
}

}  // namespace headway
