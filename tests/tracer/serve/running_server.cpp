#include "tests/tracer/serve/running_server.h"

#include <array>
#include <stdexcept>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace circuit::serve::testing {
namespace {

bool wait(int socket, std::chrono::milliseconds patience) {
  pollfd state{.fd = socket, .events = POLLIN, .revents = 0};
  return ::poll(&state, 1, static_cast<int>(patience.count())) > 0;
}

/// Appends some bytes; false at the end.
bool receive_more(int socket, std::string& received) {
  std::array<char, 65536> bytes;
  const ssize_t count = ::recv(socket, bytes.data(), bytes.size(), 0);
  if (count > 0) received.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

ServerOptions on_any_port(ServerOptions options) {
  options.host = "127.0.0.1";
  options.port = 0;
  return options;
}

}  // namespace

Connection::Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    throw std::runtime_error("[Connection] nobody listens");
  }
}

Connection::~Connection() { ::close(socket_); }

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void Connection::finish() { ::shutdown(socket_, SHUT_WR); }

void Connection::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::string Connection::receive_all(std::chrono::milliseconds patience) {
  while (wait(socket_, patience) && receive_more(socket_, received_)) {
  }
  return std::exchange(received_, {});
}

std::string Connection::receive_answer(bool with_body) {
  constexpr std::chrono::seconds kPatience(20);
  std::size_t end = received_.npos;
  while ((end = received_.find("\r\n\r\n")) == received_.npos) {
    if (!wait(socket_, kPatience) || !receive_more(socket_, received_)) {
      return std::exchange(received_, {});
    }
  }
  end += 4;
  const std::string length = header_of(received_, "Content-Length");
  if (with_body && !length.empty()) end += std::stoull(length);
  while (received_.size() < end && wait(socket_, kPatience) && receive_more(socket_, received_)) {
  }
  std::string answer = received_.substr(0, end);
  received_.erase(0, answer.size());
  return answer;
}

bool Connection::is_closed(std::chrono::milliseconds patience) {
  return wait(socket_, patience) && !receive_more(socket_, received_);
}

RunningServer::RunningServer(ServerOptions options)
    : server(on_any_port(std::move(options))), thread([this] { server.run(); }) {}

RunningServer::~RunningServer() {
  server.stop();
  thread.join();
}

std::string RunningServer::ask(std::string_view request) const {
  Connection connection(port());
  connection.send(request);
  connection.finish();
  return connection.receive_all();
}

std::string RunningServer::get(const std::string& target, const std::string& headers) const {
  return ask("GET " + target + " HTTP/1.1\r\nHost: " + host() + "\r\n" + headers + "\r\n");
}

std::string status_of(std::string_view answer) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  return answer.starts_with(kVersion) ? std::string(answer.substr(kVersion.size(), 3)) : "";
}

std::string header_of(std::string_view answer, std::string_view name) {
  const std::string_view head = answer.substr(0, answer.find("\r\n\r\n"));
  const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
  if (at == head.npos) return "";
  const std::string_view rest = head.substr(at + name.size() + 4);
  return std::string(rest.substr(0, rest.find("\r\n")));
}

std::string body_of(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == answer.npos ? "" : std::string(answer.substr(end + 4));
}

}  // namespace circuit::serve::testing
