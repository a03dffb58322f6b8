// Loaded into mpirun (LD_PRELOAD), which listens at every address of the machine and has no setting
// against it: what is bound to all addresses is bound to the loopback one. Ranks are on this
// machine and find it there. What mpirun itself starts does not get this library.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

// The first entry is this library: see one_node_environment().
__attribute__((constructor)) void leave_environment() {
  const char* loaded = std::getenv("LD_PRELOAD");
  if (loaded == nullptr) return;
  const char* others = std::strchr(loaded, ':');
  if (others == nullptr) {
    ::unsetenv("LD_PRELOAD");
  } else {
    ::setenv("LD_PRELOAD", std::string(others + 1).c_str(), 1);
  }
}

int bind_as_asked(int socket, const void* address, socklen_t length) {
  return static_cast<int>(::syscall(SYS_bind, socket, address, length));
}

}  // namespace

extern "C" int bind(int socket, const sockaddr* address, socklen_t length) noexcept {
  if (address != nullptr && address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in own{};
    std::memcpy(&own, address, sizeof(own));
    if (own.sin_addr.s_addr == INADDR_ANY) own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return bind_as_asked(socket, &own, sizeof(own));
  }
  if (address != nullptr && address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 own{};
    std::memcpy(&own, address, sizeof(own));
    if (IN6_IS_ADDR_UNSPECIFIED(&own.sin6_addr)) own.sin6_addr = in6addr_loopback;
    return bind_as_asked(socket, &own, sizeof(own));
  }
  return bind_as_asked(socket, address, length);
}
