// A loopback port that nothing listens on just now.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

namespace dnd::testing {

inline std::uint16_t free_port() {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  std::uint16_t port = 0;
  if (bind(descriptor, generic, size) == 0 && getsockname(descriptor, generic, &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(descriptor);
  return port;
}

}  // namespace dnd::testing
