#include "base/temporary_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/environment.h"
#include "base/errors.h"
#include "base/text.h"

namespace headway {
namespace {

constexpr const char* kDefault = "/tmp";

// "" for a folder where files can be made; else what is wrong with it.
std::string problem_with(const std::filesystem::path& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return std::strerror(errno);
  if (!S_ISDIR(info.st_mode)) return "is no folder";
  return ::access(folder.c_str(), W_OK | X_OK) == 0 ? "" : "may not be written to";
}

}  // namespace

std::filesystem::path temporary_directory() {
  for (const char* name : {"TMPDIR", "TMP", "TEMP"}) {
    const auto folder = environment_variable(name);
    if (!folder) continue;
    const std::string problem = problem_with(*folder);
    if (problem.empty()) return *folder;
    throw EnvironmentError(
        fmt::format("temporary files: {} is {}: {}; set it to a folder that you "
                    "may write to, or unset it for {}",
                    name,
                    in_quotes(*folder),
                    problem,
                    kDefault));
  }
  if (const std::string problem = problem_with(kDefault); !problem.empty()) {
    throw EnvironmentError(
        fmt::format("temporary files: {}: {}; set TMPDIR to a folder that you may write to",
                    kDefault,
                    problem));
  }
  return kDefault;
}

std::filesystem::path any_temporary_directory() {
  try {
    return temporary_directory();
  } catch (const EnvironmentError&) {
    for (const char* other : {kDefault, "/dev/shm"}) {
      if (problem_with(other).empty()) return other;
    }
    throw;
  }
}

}  // namespace headway
