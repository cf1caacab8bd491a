// The server: sockets, threads and limits around a Site. cpp-httplib listens, runs the threads and
// writes the answers; it reads nothing that a client sent (request_head.h does).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "tracer/serve/site.h"

namespace circuit::serve {

/// What one client may take.
struct ClientLimits {
  std::chrono::milliseconds head{10000};   ///< from its first byte to the end of a request's head
  std::chrono::milliseconds idle{5000};    ///< until the first byte of a request
  std::chrono::milliseconds hurried{500};  ///< the two above at most, while others wait
  /// An answer of n bytes may take this and n / `slowest_rate`.
  std::chrono::milliseconds answer{30000};
  double slowest_rate = 16384;  ///< bytes a second
  std::size_t requests = 100;   ///< of one connection
};

struct ServerOptions {
  std::string host = "127.0.0.1";  ///< to listen on: an address or a name of this machine
  std::uint16_t port = 8080;       ///< 0 = any free one
  SiteOptions site{};
  std::size_t threads = 64;  ///< connections that are answered at the same time
  std::size_t waiting = 64;  ///< further ones that are accepted; the rest waits in the kernel
  ClientLimits limits{};
};

/// Whether `host` means this machine alone.
bool is_loopback(const std::string& host);

class Server {
 public:
  /// Listens. Throws std::runtime_error `[serve] …` when the folder cannot be read or the address
  /// is taken or none of this machine's.
  explicit Server(ServerOptions options);
  ~Server();
  Server(const Server&) = delete;  // owns sockets
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  /// `http://127.0.0.1:8080/`: to open on this machine.
  std::string address() const;

  /// Answers until `stop`; returns when every connection is closed. Once.
  void run();
  /// From any thread; `run` returns soon, also when it has not begun.
  void stop();

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace circuit::serve
