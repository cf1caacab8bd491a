// A client's socket under deadlines: whoever is slower than its limits is cut off.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
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
  /// The next request's head. `others_wait` says whether clients wait for this one's thread.
  Head read_head(const std::function<bool()>& others_wait);

  /// All of it, before the deadline of the answer, which begins with the first call after a head.
  bool write(std::string_view bytes);
  /// Says that nothing more comes, and takes what the client still sends for a moment: closing at
  /// once would make it lose the answer.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  bool wait(short events, Clock::time_point deadline) const;
  /// Until something can be read: for `calm` from `begin`, less while others wait.
  bool wait_patiently(Clock::time_point begin, std::chrono::milliseconds calm,
                      const std::function<bool()>& others_wait) const;
  /// Appends what is there to `received_`; false at the end of the stream.
  bool receive();

  int socket_;
  ClientLimits limits_;
  std::string received_;  // of the next requests
  std::optional<Clock::time_point> answer_deadline_{};
};

}  // namespace circuit::serve
