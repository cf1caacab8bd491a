// A client's socket under deadlines: whoever is slower than its limits is cut off.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tracer/serve/server.h"

namespace circuit::serve {

/// Does not close the socket. Made for one thread; `shutdown` of the socket by another ends any
/// wait.
class ClientSocket {
 public:
  ClientSocket(int socket, const ClientLimits& limits) : socket_(socket), limits_(limits) {}

  int socket() const { return socket_; }

  enum class Arrival { kHead, kTooSlow, kTooLong, kGone };
  struct Head {
    Arrival arrival = Arrival::kGone;
    std::string text;  ///< with its empty line, when it is all there
  };
  /// The next request's head. Waits for its first byte no longer than `idle`.
  Head read_head(std::chrono::milliseconds idle);

  /// All of it, before the deadline of the answer, which begins with the first call after a head.
  bool write(std::string_view bytes);
  /// Says that nothing more comes, and takes what the client still sends for a moment: closing at
  /// once would make it lose the answer.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  bool wait(short events, Clock::time_point deadline) const;
  /// Appends what is there to `received_`; false at the end of the stream.
  bool receive();

  int socket_;
  ClientLimits limits_;
  std::string received_;  // of the next requests
  std::optional<Clock::time_point> answer_deadline_{};
};

}  // namespace circuit::serve
