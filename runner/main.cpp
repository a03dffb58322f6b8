#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/errors.h"
#include "base/exit_code.h"
#include "base/logging.h"
#include "base/signals.h"
#include "base/standard_streams.h"
#include "runner/cli/verb.h"

int main(int argc, char** argv) {
  headway::open_standard_streams();
  headway::expect_ends_of_children();
  headway::start_logging();
  headway::VerbContext context{.out = std::cout,
                               .err = std::cerr,
                               .results_root = headway::default_results_root(),
                               .colours = isatty(STDOUT_FILENO) != 0 && !headway::no_color()};
  const int code = headway::run_program(std::vector<std::string>(argv + 1, argv + argc), context);
  try {
    headway::flush_standard_output();
  } catch (const headway::EnvironmentError& error) {
    std::cerr << error.what() << '\n';
    return code == headway::kExitDone ? int{headway::kExitFailed} : code;
  }
  return code;
}
