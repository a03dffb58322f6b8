#include "runner/worker/dataset_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <span>
#include <vector>

#include "base/environment.h"
#include "base/errors.h"
#include "base/host.h"

namespace headway {
namespace {

enum LoadTrouble : std::uint32_t { kLoaded = 0, kRefused = 1, kBroken = 2, kGivenUp = 4 };

using NodeName = std::array<char, 256>;

NodeName own_node(int rank) {
  const std::vector<std::int64_t> emulated = emulated_nodes();
  const auto place = static_cast<std::size_t>(rank);
  const std::string text = place < emulated.size() ? std::to_string(emulated[place]) : host_name();
  NodeName name{};
  text.copy(name.data(), name.size() - 1);
  return name;
}

bool is_first_of_its_node(Communicator& comm) {
  const NodeName own = own_node(comm.rank());
  std::vector<NodeName> all(static_cast<std::size_t>(comm.size()));
  comm.all_gather(std::as_bytes(std::span(own)), std::as_writable_bytes(std::span(all)));
  return std::ranges::find(all, own) - all.begin() == comm.rank();
}

std::uint32_t trouble_of_load(const std::exception_ptr& error) {
  if (!error) return kLoaded;
  try {
    std::rethrow_exception(error);
  } catch (const ConfigError&) {
    return kRefused;
  } catch (const LoadingGivenUp&) {
    return kGivenUp;
  } catch (...) {
    return kBroken;
  }
}

// Runs `load` where `is_due`; throws on all ranks when it throws on one.
void load_where(bool is_due, Communicator& comm, const std::function<void()>& load) {
  std::exception_ptr error;
  try {
    if (is_due) load();
  } catch (...) {
    error = std::current_exception();
  }
  const std::uint32_t trouble = comm.all_reduce_or(trouble_of_load(error));
  if ((trouble & kGivenUp) != 0) throw LoadingGivenUp();
  if (error) std::rethrow_exception(error);
  constexpr const char* kMessage = "another rank cannot load the data set";
  if (trouble == kRefused) throw ConfigError(kMessage);
  if (trouble != kLoaded) throw EnvironmentError(kMessage);
}

// Nodes may each have data of their own at the same place.
void expect_same_data(const std::string& name, const DataIdentity& own, Communicator& comm) {
  std::string all(own.sha256.size() * static_cast<std::size_t>(comm.size()), '\0');
  comm.all_gather(std::as_bytes(std::span(own.sha256)), std::as_writable_bytes(std::span(all)));
  const auto of_rank = [&](int rank) {
    return all.substr(static_cast<std::size_t>(rank) * own.sha256.size(), own.sha256.size());
  };
  for (int rank = 1; rank < comm.size(); ++rank) {
    if (of_rank(rank) == of_rank(0)) continue;
    throw ConfigError(
        fmt::format("data set '{}' has SHA-256 {} on rank 0 and {} on rank {}: give all nodes the "
                    "same files (dataset.root, HEADWAY_DATA)",
                    name,
                    of_rank(0),
                    of_rank(rank),
                    rank));
  }
}

}  // namespace

std::unique_ptr<Dataset> load_on_all_ranks(const DatasetConfig& config,
                                           Communicator& comm,
                                           const LoadWatch& watch) {
  std::unique_ptr<Dataset> dataset;
  const bool verifies = is_first_of_its_node(comm);
  load_where(verifies, comm, [&] { dataset = load_dataset(config, PackCheck::kEveryByte, watch); });
  load_where(!verifies, comm, [&] { dataset = load_dataset(config, PackCheck::kHeader, watch); });
  expect_same_data(config.name, dataset->identity(), comm);
  return dataset;
}

}  // namespace headway
