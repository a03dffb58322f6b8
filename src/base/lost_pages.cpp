#include "base/lost_pages.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <string>

#include "base/errors.h"
#include "base/exit_code.h"
#include "base/signals.h"
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

void tell(int /*signal*/, siginfo_t* info, void* /*context*/) {
  if (put_lost_page(STDERR_FILENO, info->si_addr)) {
    write_in_handler(STDERR_FILENO, "\n");
    ::_exit(kExitFailed);
  }
  ::raise(SIGBUS);  // once this returns, with what the signal does by itself
}

}  // namespace

void tell_of_lost_pages() {
  struct sigaction action {};
  action.sa_sigaction = tell;
  action.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  if (::sigaction(SIGBUS, &action, nullptr) != 0) throw_errno("sigaction");
}

bool put_lost_page(int file, const void* address) {
  const Mapping* mapping = mapping_with(address);
  if (mapping == nullptr) return false;
  write_in_handler(file, {mapping->name.data(), mapping->name_bytes});
  write_in_handler(file,
                   ": could not be read any more: it became shorter meanwhile, or its disk failed");
  return true;
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
