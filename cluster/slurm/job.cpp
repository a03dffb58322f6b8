#include "cluster/slurm/job.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <numeric>
#include <set>
#include <thread>

#include "base/errors.h"
#include "base/logging.h"
#include "base/process.h"
#include "base/text.h"
#include "cluster/slurm/hostlist.h"
#include "config/yaml/scalars.h"

namespace headway {
namespace {

constexpr int kMostCpus = 1 << 16;  // of a node
constexpr int kMostGpus = 1 << 10;  // of a node
constexpr int kMostThreadsOfACore = 8;
constexpr double kSqueueSeconds = 20;
// Step numbers from here on are not srun's: the script's, salloc's shell and the like.
constexpr std::uint32_t kFirstSpecialStep = 0xfffffff0;
constexpr std::size_t kMostDigitsOfJob = 10;

std::optional<std::uint32_t> whole_number(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool whole = error == std::errc() && stop == end;
  return whole ? std::optional(number) : std::nullopt;
}

[[noreturn]] void fail(std::string_view name, const std::string& value, std::string_view expected) {
  constexpr std::size_t kShown = 200;
  throw ConfigError(fmt::format("{}: expected {}, found {}; is it Slurm's own?",
                                name,
                                expected,
                                in_quotes(value.substr(0, kShown))));
}

std::optional<int> number_of(const EnvironmentLookup& variable, const char* name, int most) {
  const auto text = variable(name);
  if (!text) return std::nullopt;
  const auto number = whole_number(*text);
  if (!number || *number > static_cast<std::uint32_t>(most)) {
    fail(name, *text, fmt::format("a number up to {}", most));
  }
  return static_cast<int>(*number);
}

/// "2(x3),1" -> 2, 2, 2, 1: one for each of `nodes`.
std::vector<int> numbers_per_node(const char* name, const std::string& text, std::size_t nodes) {
  const auto expected = fmt::format(
      "a number in [1, {}] for each of {}, such as 2(x3),1", kMostCpus, counted(nodes, "node"));
  std::vector<int> numbers;
  std::string_view rest = text;
  while (true) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    std::string_view entry = rest.substr(0, end);
    std::uint32_t times = 1;
    if (const auto open = entry.find("(x"); open != std::string_view::npos) {
      if (!entry.ends_with(')')) fail(name, text, expected);
      const auto given = whole_number(entry.substr(open + 2, entry.size() - open - 3));
      times = given.value_or(0);
      entry = entry.substr(0, open);
    }
    const auto number = whole_number(entry);
    const bool is_sound = number && *number >= 1 && *number <= kMostCpus && times >= 1 &&
                          times <= nodes - numbers.size();
    if (!is_sound) fail(name, text, expected);
    numbers.insert(numbers.end(), times, static_cast<int>(*number));
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  if (numbers.size() != nodes) fail(name, text, expected);
  return numbers;
}

std::string value_of(const EnvironmentLookup& variable, const char* name, const char* other) {
  auto value = variable(name);
  if (!value) value = variable(other);
  if (value) return *value;
  throw ConfigError(
      fmt::format("{} is not set, though SLURM_JOB_ID is: the environment is half a Slurm job's; "
                  "unset SLURM_JOB_ID to use this machine alone",
                  name));
}

/// Cores of which this process may use at least one hardware thread.
std::size_t physical_cores() {
  std::set<std::string> cores;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    std::ifstream file(
        fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
    std::string siblings;
    if (std::getline(file, siblings)) cores.insert(siblings);
  }
  return cores.size();
}

// Sites differ in what a CPU of Slurm's is, and the environment does not tell: a core, or one of
// its two hardware threads when there are more of them than cores.
int threads_per_core(const SlurmJob& job) {
  if (!job.own_node) return 1;
  const std::size_t cores = physical_cores();
  const auto cpus = static_cast<std::size_t>(job.nodes[*job.own_node].cpus);
  const auto threads = std::max(1U, std::thread::hardware_concurrency());
  return cores > 0 && cpus > cores && threads > cores ? 2 : 1;
}

// `--gpus` is a number for the whole job. The environment tells what of it this node has; others
// may have less.
void spread_gpus(int total, int own, SlurmJob& job) {
  const int count = static_cast<int>(job.nodes.size());
  const int others = std::max(0, total - own);
  const bool is_even = count * own == total;
  for (std::size_t i = 0; i < job.nodes.size(); ++i) {
    const bool is_own = job.own_node == i;
    job.nodes[i].gpus = is_own || is_even ? own : (count == 2 ? others : std::min(1, others));
  }
  const int known =
      std::accumulate(job.nodes.begin(), job.nodes.end(), 0, [](int sum, const SlurmNode& node) {
        return sum + node.gpus;
      });
  job.unplaced_gpus = std::max(0, total - known);
}

void read_gpus(const EnvironmentLookup& variable, SlurmJob& job) {
  const auto per_task = number_of(variable, "SLURM_GPUS_PER_TASK", kMostGpus);
  const auto tasks = variable("SLURM_TASKS_PER_NODE");
  if (per_task && tasks) {
    const auto counts = numbers_per_node("SLURM_TASKS_PER_NODE", *tasks, job.nodes.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      job.nodes[i].gpus = std::min(kMostGpus, counts[i] * *per_task);
    }
    return;
  }
  const int own = number_of(variable, "SLURM_GPUS_ON_NODE", kMostGpus).value_or(0);
  if (const auto total = variable("SLURM_GPUS"); total && own > 0) {
    // With a type it is "a100:4", or a list of such.
    const auto count = whole_number(total->substr(total->rfind(':') + 1));
    if (count && total->find(',') == std::string::npos && *count <= kMostGpus * kMostHosts) {
      return spread_gpus(static_cast<int>(*count), own, job);
    }
  }
  for (SlurmNode& node : job.nodes) node.gpus = own;
}

std::optional<std::size_t> own_node(const EnvironmentLookup& variable,
                                    const std::vector<SlurmNode>& nodes) {
  const auto name = variable("SLURMD_NODENAME");
  if (!name) return std::nullopt;
  const auto found = std::ranges::find(nodes, *name, &SlurmNode::name);
  if (found == nodes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - nodes.begin());
}

}  // namespace

bool is_task_of_a_step(const EnvironmentLookup& variable) {
  const auto step = variable("SLURM_STEP_ID");
  if (!step) return false;
  const auto number = whole_number(*step);
  return number && *number < kFirstSpecialStep;
}

std::optional<SlurmJob> slurm_job_in(const EnvironmentLookup& variable) {
  const auto id = variable("SLURM_JOB_ID");
  if (!id || is_task_of_a_step(variable)) return std::nullopt;
  if (!whole_number(*id) || id->size() > kMostDigitsOfJob) {
    fail("SLURM_JOB_ID", *id, "the number of a job");
  }
  SlurmJob job{.id = *id, .nodes = {}};
  const auto names = expand_host_list(value_of(variable, "SLURM_JOB_NODELIST", "SLURM_NODELIST"),
                                      "SLURM_JOB_NODELIST");
  const auto cpus =
      numbers_per_node("SLURM_JOB_CPUS_PER_NODE",
                       value_of(variable, "SLURM_JOB_CPUS_PER_NODE", "SLURM_CPUS_ON_NODE"),
                       names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    job.nodes.push_back({.name = names[i], .cpus = cpus[i]});
  }
  job.own_node = own_node(variable, job.nodes);
  read_gpus(variable, job);
  const auto used = number_of(variable, "SLURM_THREADS_PER_CORE", kMostThreadsOfACore);
  job.threads_per_core = std::max(1, used.value_or(threads_per_core(job)));
  return job;
}

SlurmJobState read_job_state(std::string_view line) {
  SlurmJobState state;
  line = line.substr(0, line.find('\n'));
  const std::size_t bar = line.find('|');
  state.seconds_left = parse_slurm_time(line.substr(0, bar));
  if (bar == std::string_view::npos) return state;
  const std::string_view resources = line.substr(bar + 1);
  const bool has_gpus = resources.find("gpu:") != std::string_view::npos &&
                        resources.find(',') == std::string_view::npos;
  if (!has_gpus) return state;
  const auto count = whole_number(resources.substr(resources.rfind(':') + 1));
  if (count && *count <= kMostGpus) state.gpus_per_node = static_cast<int>(*count);
  return state;
}

SlurmJobState ask_for_job_state(const std::string& job) {
  try {
    const CapturedRun run = run_captured(
        {.command = {"squeue", "--noheader", "--jobs=" + job, "--format", kSqueueFormat}},
        kSqueueSeconds);
    if (run.exit_code == 0 && !run.timed_out) return read_job_state(run.out);
    log_warning("how much time job {} has left is not known: squeue: {}",
                job,
                failure_of(run, kSqueueSeconds));
  } catch (const EnvironmentError& error) {
    log_warning("how much time job {} has left is not known: {}", job, error.what());
  }
  return {};
}

}  // namespace headway
