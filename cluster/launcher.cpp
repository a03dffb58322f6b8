#include "cluster/launcher.h"

#include <fmt/format.h>

namespace headway {

std::string MemberState::describe() const {
  const std::string process = fmt::format("process {}, {}", pid, name);
  return fmt::format("{}: {}{}",
                     rank ? fmt::format("rank {} ({})", *rank, process) : process,
                     state.empty() ? "gone" : state,
                     waits_in.empty() ? "" : ", in " + waits_in);
}

}  // namespace headway
