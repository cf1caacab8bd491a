#include "tracer/serve/client_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

#include "tracer/serve/request_head.h"

namespace circuit::serve {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::chrono::milliseconds kFarewell{300};
constexpr std::chrono::milliseconds kLookAround{100};  // for clients that wait
constexpr std::size_t kFarewellBytes = 1ULL << 20;

}  // namespace

bool ClientSocket::wait(short events, Clock::time_point deadline) const {
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd state{.fd = socket_, .events = events, .revents = 0};
    const int ready = ::poll(&state, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    return false;
  }
}

bool ClientSocket::wait_patiently(Clock::time_point begin, std::chrono::milliseconds calm,
                                  const std::function<bool()>& others_wait) const {
  while (true) {
    const auto deadline = begin + (others_wait() ? std::min(calm, limits_.hurried) : calm);
    const auto now = Clock::now();
    if (now >= deadline) return false;
    if (wait(POLLIN, std::min(deadline, now + kLookAround))) return true;
  }
}

bool ClientSocket::receive() {
  std::array<char, 4096> bytes;
  const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count > 0) received_.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

ClientSocket::Head ClientSocket::read_head(const std::function<bool()>& others_wait) {
  answer_deadline_.reset();
  const auto idle_since = Clock::now();
  if (received_.empty() && !(wait_patiently(idle_since, limits_.idle, others_wait) && receive())) {
    return {};
  }
  const auto begin = Clock::now();
  std::size_t searched = 0;
  while (true) {
    // Empty lines before a request are not part of it (RFC 9112, 2.2).
    while (received_.starts_with("\r\n")) received_.erase(0, 2);
    const std::size_t end = received_.find(kEndOfHead, searched);
    if (end != received_.npos && end + kEndOfHead.size() <= kLongestHead) {
      Head head{Arrival::kHead, received_.substr(0, end + kEndOfHead.size())};
      received_.erase(0, head.text.size());
      return head;
    }
    if (received_.size() > kLongestHead) return {Arrival::kTooLong, {}};
    searched = received_.size() < kEndOfHead.size() ? 0 : received_.size() - kEndOfHead.size();
    if (!wait_patiently(begin, limits_.head, others_wait)) return {Arrival::kTooSlow, {}};
    if (!receive()) return {};
  }
}

bool ClientSocket::write(std::string_view bytes) {
  const auto time_for = [&](std::size_t size) {
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(static_cast<double>(size) / limits_.slowest_rate));
  };
  if (!answer_deadline_) answer_deadline_ = Clock::now() + limits_.answer;
  *answer_deadline_ += time_for(bytes.size());
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EAGAIN && errno != EINTR) {
      return false;
    }
    if (Clock::now() > *answer_deadline_) return false;
    if (!bytes.empty() && !wait(POLLOUT, *answer_deadline_)) return false;
  }
  return true;
}

void ClientSocket::finish() {
  ::shutdown(socket_, SHUT_WR);
  const auto deadline = Clock::now() + kFarewell;
  for (std::size_t taken = received_.size(); taken < kFarewellBytes; taken += received_.size()) {
    received_.clear();
    if (Clock::now() > deadline || !wait(POLLIN, deadline) || !receive()) return;
  }
}

}  // namespace circuit::serve
