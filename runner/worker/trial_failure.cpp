#include "runner/worker/trial_failure.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <unistd.h>

#include <new>
#include <system_error>

#include "base/errors.h"
#include "base/failure.h"
#include "base/input_output_error.h"
#include "base/text.h"
#include "scheduling/planning/memory_advice.h"

namespace headway {
namespace {

bool tells_of_memory(const std::string& text) {
  return text.find("not enough memory") != std::string::npos ||
         text.find("out of memory") != std::string::npos ||
         text.find("can't allocate memory") != std::string::npos;
}

// One rank's view: what it has is a share of what the group has.
std::string advice(const TrialConfig& config, int ranks, const MemoryUse& before) {
  const MemoryUse now = memory_use(::getpid()).value_or(MemoryUse{});
  return memory_advice({.peak_bytes = now.peak_bytes * ranks,
                        .resident_bytes = before.resident_bytes * ranks,
                        .available_bytes = available_memory_bytes(),
                        .ranks = ranks,
                        .shards = config.training.shards,
                        .batch_size = config.training.batch_size,
                        .sync_batch_norm = config.training.sync_batch_norm});
}

// The machine's fault, and no trial's.
TrialFailure of_the_disk(const std::exception& error) {
  return {.failure = to_string(FailureClass::kNodeFailure),
          .message = error.what(),
          .is_of_the_disk = true};
}

}  // namespace

TrialFailure current_failure(const TrialConfig& config, int ranks, const MemoryUse& before) {
  try {
    throw;
  } catch (const ConfigError& error) {
    return {to_string(FailureClass::kError), error.what(), true};
  } catch (const InputOutputError& error) {
    return of_the_disk(error);
  } catch (const std::system_error& error) {  // of std::filesystem, too
    if (is_input_output_error(error.code().value())) return of_the_disk(error);
    return {to_string(FailureClass::kCrash), error.what()};
  } catch (const std::bad_alloc&) {
    return {to_string(FailureClass::kOom), "out of memory; " + advice(config, ranks, before)};
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    if (!tells_of_memory(text)) return {to_string(FailureClass::kCrash), text};
    return {to_string(FailureClass::kOom),
            fmt::format("{}; {}", first_line(text), advice(config, ranks, before))};
  } catch (const std::exception& error) {
    return {to_string(FailureClass::kCrash), error.what()};
  }
}

}  // namespace headway
