#include "base/standard_streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "base/errors.h"
#include "base/exit_code.h"

namespace headway {

void open_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one: those below are open by now.
    if (::open("/dev/null", O_RDWR) != fd) std::_Exit(kExitFailed);
  }
}

void flush_standard_output() {
  errno = 0;
  std::cout.flush();
  if (std::cout) return;
  throw EnvironmentError(fmt::format("standard output could not be written{}{}",
                                     errno != 0 ? ": " : "",
                                     errno != 0 ? std::strerror(errno) : ""));
}

}  // namespace headway
