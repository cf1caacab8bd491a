// A server of a temporary folder, and a client that sends it any bytes.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/temp_dir.h"
#include "tracer/serve/server.h"

namespace circuit::serve::testing {

/// A connection to this machine's port.
class Connection {
 public:
  explicit Connection(std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;  // owns a socket
  Connection& operator=(const Connection&) = delete;

  /// False when the server has closed it.
  bool send(std::string_view bytes);
  /// Nothing more comes from here.
  void finish();
  /// Ends without a farewell: the server sees a reset.
  void reset();
  /// All until the server closes, or until `patience` has passed without a byte.
  std::string receive_all(std::chrono::milliseconds patience = std::chrono::seconds(20));
  /// One answer: its head and as many bytes after it as its Content-Length says.
  std::string receive_answer(bool with_body = true);
  /// Whether the server closed it within `patience`.
  bool is_closed(std::chrono::milliseconds patience);

 private:
  int socket_;
  std::string received_;
};

struct RunningServer {
  /// On any free port of 127.0.0.1.
  explicit RunningServer(ServerOptions options);
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;  // owns a thread
  RunningServer& operator=(const RunningServer&) = delete;

  std::uint16_t port() const { return server.port(); }
  /// `127.0.0.1:PORT`.
  std::string host() const { return "127.0.0.1:" + std::to_string(port()); }
  /// A whole request on a connection of its own, to the end.
  std::string ask(std::string_view request) const;
  /// GET of `target` with further header lines, each with its line break.
  std::string get(const std::string& target, const std::string& headers = "") const;

  Server server;
  std::thread thread;
};

/// Of an answer.
std::string status_of(std::string_view answer);  ///< `200`
std::string header_of(std::string_view answer, std::string_view name);
std::string body_of(std::string_view answer);

}  // namespace circuit::serve::testing
