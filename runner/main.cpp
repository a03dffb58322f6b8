#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include "base/environment.h"
#include "base/errors.h"
#include "base/exit_code.h"
#include "base/logging.h"
#include "base/lost_pages.h"
#include "base/signals.h"
#include "base/standard_streams.h"
#include "runner/cli/verb.h"

namespace {

// The very program that runs, even when the one of this name was replaced since.
std::filesystem::path this_program() {
  const std::filesystem::path link = "/proc/self/exe";
  std::error_code unknown;
  const auto program = std::filesystem::read_symlink(link, unknown);
  return !unknown && std::filesystem::equivalent(program, link, unknown) ? program : link;
}

}  // namespace

int main(int argc, char** argv) {
  headway::open_standard_streams();
  headway::expect_ends_of_children();
  headway::tell_of_lost_pages();
  headway::start_logging();
  headway::VerbContext context{.out = std::cout,
                               .err = std::cerr,
                               .results_root = headway::default_results_root(),
                               .colours = isatty(STDOUT_FILENO) != 0 && !headway::no_color(),
                               .program = this_program()};
  const int code = headway::run_program(std::vector<std::string>(argv + 1, argv + argc), context);
  try {
    headway::flush_standard_output();
  } catch (const headway::EnvironmentError& error) {
    std::cerr << error.what() << '\n';
    return code == headway::kExitDone ? int{headway::kExitFailed} : code;
  }
  return code;
}
