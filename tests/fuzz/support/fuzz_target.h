#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "support/temporary_directory.h"

/// One input, as libFuzzer hands it over or the replay of a corpus.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace headway {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes the first line off `text`.
inline std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

inline void write_bytes(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

/// A broken promise, told to whoever made the input.
[[noreturn]] inline void fail(std::string_view what) {
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

/// Runs `read`. Bad input may be refused in the ways that people are told of; whatever else is
/// thrown ends the program. Whether it was taken.
template <typename Read>
bool is_taken(Read&& read) {
  try {
    read();
    return true;
  } catch (const ConfigError&) {
  } catch (const EnvironmentError&) {
  }
  return false;
}

}  // namespace headway
