#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/errors.h"
#include "base/sha256.h"
#include "comm/communicator.h"

namespace headway {

void expect_agreement(Communicator& comm, const std::string& what, const std::string& own) {
  const std::string digest = sha256_hex(own);
  std::string all(digest.size() * static_cast<std::size_t>(comm.size()), '\0');
  comm.all_gather(std::as_bytes(std::span(digest)), std::as_writable_bytes(std::span(all)));
  std::vector<int> strangers;
  for (int rank = 0; rank < comm.size(); ++rank) {
    const auto start = static_cast<std::size_t>(rank) * digest.size();
    if (all.compare(start, digest.size(), all, 0, digest.size()) != 0) strangers.push_back(rank);
  }
  if (strangers.empty()) return;
  const bool one = strangers.size() == 1;
  throw ConfigError(
      fmt::format("ranks disagree about {}: rank 0 has '{}', but {} {} {} something else; start "
                  "the same build with the same options on every node",
                  what,
                  comm.broadcast(own),
                  one ? "rank" : "ranks",
                  fmt::join(strangers, ", "),
                  one ? "has" : "have"));
}

}  // namespace headway
