#include "runner/doctor/machine_checks.h"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "base/atomic_file.h"
#include "base/cache_folder.h"
#include "base/environment.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/host.h"
#include "base/temporary_files.h"
#include "base/text.h"
#include "data/dataset.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

constexpr double kGibibyte = 1024.0 * 1024 * 1024;
constexpr double kEnoughMemory = 2 * kGibibyte;
constexpr double kEnoughSharedMemory = 0.25 * kGibibyte;

std::string gibibytes(double bytes) {
  return fmt::format("{:.1f} GiB", bytes / kGibibyte);
}

/// MemAvailable of /proc/meminfo in bytes; 0 when it does not say.
double available_memory() {
  std::ifstream meminfo("/proc/meminfo");
  for (std::string key; meminfo >> key;) {
    double kibibytes = 0;
    meminfo >> kibibytes;
    if (key == "MemAvailable:") return kibibytes * 1024;
    meminfo.ignore(256, '\n');
  }
  return 0;
}

/// The kind of file system by statfs(2)'s magic number, as a hexadecimal number when unknown.
std::string file_system_kind(const fs::path& directory) {
  static const std::map<std::uint64_t, const char*> kinds{{0x6969, "nfs"},
                                                          {0x0BD00BD0, "lustre"},
                                                          {0x47504653, "gpfs"},
                                                          {0xFE534D42, "smb2"},
                                                          {0xFF534D42, "cifs"},
                                                          {0x65735546, "fuse"},
                                                          {0xEF53, "ext4"},
                                                          {0x58465342, "xfs"},
                                                          {0x9123683E, "btrfs"},
                                                          {0x01021994, "tmpfs"},
                                                          {0x794C7630, "overlayfs"},
                                                          {0x2FC12FC1, "zfs"},
                                                          {0x00C36400, "ceph"},
                                                          {0x19830326, "beegfs"}};
  struct statfs information {};
  if (::statfs(directory.c_str(), &information) != 0) throw_errno("statfs", directory.string());
  const auto magic = static_cast<std::uint32_t>(information.f_type);
  const auto kind = kinds.find(magic);
  return kind != kinds.end() ? kind->second : fmt::format("file system {:#x}", magic);
}

double free_bytes(const fs::path& directory) {
  struct statvfs information {};
  if (::statvfs(directory.c_str(), &information) != 0) throw_errno("statvfs", directory.string());
  return static_cast<double>(information.f_bavail) * static_cast<double>(information.f_frsize);
}

/// Where something is, or where it cannot be told: whoever writes there hears why.
fs::path nearest_existing(fs::path path) {
  path = fs::absolute(path);
  while (is_absent(path) && path.has_relative_path()) path = path.parent_path();
  return path;
}

/// Writes and removes a file there, or where the directory would be made.
MachineCheck check_writable(const std::string& name, const fs::path& path, const char* remedy) {
  MachineCheck check{.name = name};
  try {
    const fs::path directory = nearest_existing(path);
    const fs::path probe = directory / (".headway-probe-" + random_id());
    replace_file(probe, "probe");
    fs::remove(probe);
    const double bytes = free_bytes(directory);
    check.found = fmt::format("'{}' is writable ({}, {} free){}",
                              path.string(),
                              file_system_kind(directory),
                              gibibytes(bytes),
                              is_absent(path) ? "; it does not exist yet" : "");
    if (bytes < kGibibyte) {
      check.state = CheckState::kWarning;
      check.remedy = "checkpoints and weights need room; free some, or choose another folder";
    }
  } catch (const std::exception& error) {
    check = {.name = name, .state = CheckState::kFailed, .found = error.what(), .remedy = remedy};
  }
  return check;
}

}  // namespace

MachineCheck check_cores() {
  const int cores = available_cores();
  return {.name = "cores",
          .found = fmt::format(
              "{} of {} may be used",
              cores,
              counted(static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN)), "core"))};
}

MachineCheck check_memory() {
  const double bytes = available_memory();
  MachineCheck check{.name = "memory", .found = gibibytes(bytes) + " available"};
  if (bytes < kEnoughMemory) {
    check.state = CheckState::kWarning;
    check.remedy = "a worker takes about 1 GiB; set resources.groups to run fewer side by side";
  }
  return check;
}

MachineCheck check_shared_memory() {
  MachineCheck check{.name = "shared memory"};
  try {
    const double bytes = free_bytes("/dev/shm");
    check.found = gibibytes(bytes) + " free in /dev/shm";
    if (bytes >= kEnoughSharedMemory) return check;
  } catch (const EnvironmentError& error) {
    check.found = error.what();
  }
  check.state = CheckState::kWarning;
  check.remedy = "ranks share sums there; enlarge it (docker: --shm-size=2g)";
  return check;
}

MachineCheck check_results_root(const fs::path& results_root) {
  return check_writable("results root",
                        results_root,
                        "set --results or $HEADWAY_RESULTS to a folder that you may write to");
}

MachineCheck check_cache_directory() {
  constexpr const char* kRemedy = "set $HEADWAY_CACHE to a folder that you may write to";
  if (const auto why = distrust_of_cache()) {
    return {.name = "cache", .state = CheckState::kWarning, .found = *why, .remedy = kRemedy};
  }
  return check_writable("cache", cache_directory(), kRemedy);
}

MachineCheck check_temporary_directory() {
  try {
    return check_writable(
        "temporary", temporary_directory(), "set TMPDIR to a folder that you may write to");
  } catch (const EnvironmentError& error) {
    return {.name = "temporary",
            .state = CheckState::kFailed,
            .found = error.what(),
            .remedy = "set TMPDIR to a folder that you may write to"};
  }
}

MachineCheck check_fashion_mnist() {
  MachineCheck check{.name = "Fashion-MNIST"};
  try {
    DatasetConfig config;
    config.name = "fashion_mnist";
    const auto dataset = load_dataset(config);
    check.found = fmt::format(
        "{} training and {} test images", dataset->train().count, dataset->test().count);
  } catch (const std::exception& error) {
    check.state = CheckState::kWarning;  // other data sets may be there
    check.found = error.what();
    check.remedy = "scripts/setup installs it; or set $HEADWAY_DATA to the folder that holds it";
  }
  return check;
}

std::vector<MachineCheck> check_machine(const fs::path& results_root) {
  std::vector<MachineCheck> checks{check_cores(),
                                   check_memory(),
                                   check_shared_memory(),
                                   check_results_root(results_root),
                                   check_cache_directory(),
                                   check_temporary_directory(),
                                   check_fashion_mnist()};
  for (MachineCheck& check : check_worker()) checks.push_back(std::move(check));
  checks.push_back(check_ranks());
  return checks;
}

}  // namespace headway
