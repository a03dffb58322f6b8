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

namespace {

bool is_closed_for_writing(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags < 0 || (flags & O_ACCMODE) == O_RDONLY;
}

}  // namespace

void open_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // Nobody reads what is printed to a closed standard output: writing it fails, as it did.
    const int access = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR;
    // The lowest free number is this one: those below are open by now.
    if (::open("/dev/null", access) != fd) std::_Exit(kExitFailed);
  }
}

void flush_standard_output() {
  errno = 0;
  std::cout.flush();
  if (std::cout) return;
  if (is_closed_for_writing(STDOUT_FILENO)) {
    throw EnvironmentError("standard output could not be written: it is closed");
  }
  throw EnvironmentError(fmt::format("standard output could not be written{}{}",
                                     errno != 0 ? ": " : "",
                                     errno != 0 ? std::strerror(errno) : ""));
}

}  // namespace headway
