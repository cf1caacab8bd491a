#include "tracer/serve/server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <semaphore>
#include <set>
#include <stdexcept>
#include <utility>
#include <variant>

#include <arpa/inet.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tracer/serve/client_socket.h"
#include "tracer/serve/request_head.h"

namespace circuit::serve {
namespace {

/// What cpp-httplib gets to read: not what the client sent, but as much of it as it needs to know.
class AnswerStream : public httplib::Stream {
 public:
  AnswerStream(ClientSocket& client, bool head_only, bool close) : client_(client) {
    request_ = std::string(head_only ? "HEAD" : "GET") + " / HTTP/1.1\r\n" +
               (close ? "Connection: close\r\n\r\n" : "\r\n");
  }

  bool is_readable() const override { return read_ < request_.size(); }
  bool is_writable() const override { return true; }  // `write` waits
  ssize_t read(char* to, size_t size) override {
    const std::size_t count = request_.copy(to, size, read_);
    read_ += count;
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* from, size_t size) override {
    return client_.write({from, size}) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  socket_t socket() const override { return client_.socket(); }

 private:
  ClientSocket& client_;
  std::string request_;
  std::size_t read_ = 0;
};

/// A pool that accepts no more than it has room for: then whoever enqueues waits, and further
/// clients wait in the kernel.
class BoundedPool : public httplib::ThreadPool {
 public:
  BoundedPool(std::size_t threads, std::size_t waiting, std::atomic<int>& queued)
      : ThreadPool(threads),
        room_(static_cast<std::ptrdiff_t>(threads + waiting)),
        queued_(queued) {}

  void enqueue(std::function<void()> task) override {
    room_.acquire();
    ++queued_;
    ThreadPool::enqueue([this, task = std::move(task)] {
      --queued_;
      task();
      room_.release();
    });
  }

 private:
  std::counting_semaphore<> room_;
  std::atomic<int>& queued_;
};

std::string machine_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// The request for cpp-httplib's handlers, and back.
void fill(httplib::Request& request, const RequestHead& head) {
  request.path = head.path;
  request.headers = {
      {"Range", head.range}, {"If-Range", head.if_range}, {"If-None-Match", head.if_none_match}};
}

RequestHead head_of(const httplib::Request& request) {
  return {.head_only = request.method == "HEAD",
          .path = request.path,
          .range = request.get_header_value("Range"),
          .if_range = request.get_header_value("If-Range"),
          .if_none_match = request.get_header_value("If-None-Match")};
}

void copy_to(httplib::Response& response, Reply reply) {
  response.status = reply.status;
  for (const auto& [name, value] : security_headers()) response.set_header(name, value);
  response.set_header("Content-Security-Policy", reply.policy);
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  if (reply.status == 304) {  // the length that the answer would have
    response.set_header("Content-Length", std::to_string(reply.size));
  } else if (reply.size == 0) {
    response.set_header("Content-Type", reply.content_type);
  } else {
    response.set_content_provider(
        reply.size, reply.content_type,
        [body = std::move(reply.body)](std::size_t begin, std::size_t size,
                                       httplib::DataSink& sink) {
          return body(begin, size, [&](std::string_view bytes) {
            return sink.write(bytes.data(), bytes.size());
          });
        });
  }
}

/// Without SO_REUSEPORT, which cpp-httplib would set: a second server of the same port must fail.
void share_nothing(int socket) {
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

}  // namespace

class Server::Listener : public httplib::Server {
 public:
  explicit Listener(ServerOptions options) : options_(std::move(options)), site_(options_.site) {
    set_socket_options(share_nothing);
    new_task_queue = [this] {  // cpp-httplib takes what it points to
      return std::make_unique<BoundedPool>(options_.threads, options_.waiting, queued_).release();
    };
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      copy_to(response, site_.respond(head_of(request)));
      return HandlerResponse::Handled;
    });
    set_keep_alive_max_count(options_.limits.requests);
    set_keep_alive_timeout(
        std::chrono::duration_cast<std::chrono::seconds>(options_.limits.idle).count());
    bind();
    hosts_ = known_hosts(options_.host, port_, machine_name());
  }

  std::uint16_t port() const { return port_; }
  const ServerOptions& options() const { return options_; }

  void run() {
    if (!stopped_ && !listen_after_bind() && !stopped_) {
      throw std::runtime_error("[serve] no further connections can be accepted");
    }
  }

  void stop_all() {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    const int listening = svr_sock_.exchange(INVALID_SOCKET);
    if (listening != INVALID_SOCKET) {
      ::shutdown(listening, SHUT_RDWR);
      ::close(listening);
    }
    for (const int client : clients_) ::shutdown(client, SHUT_RDWR);
  }

 private:
  void bind();
  bool process_and_close_socket(socket_t socket) override;
  void serve(ClientSocket& client);
  bool answer(ClientSocket& client, const RequestHead& head, bool last);
  bool enter(int socket);
  void leave(int socket);

  const ServerOptions options_;
  Site site_;
  KnownHosts hosts_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> queued_ = 0;
  std::mutex mutex_;
  std::set<int> clients_;
};

void Server::Listener::bind() {
  errno = 0;
  const int port = options_.port == 0
                       ? bind_to_any_port(options_.host)
                       : (bind_to_port(options_.host, options_.port) ? options_.port : -1);
  if (port <= 0) {
    const int error = errno;
    throw std::runtime_error("[serve] cannot listen on " + options_.host + ", port " +
                             std::to_string(options_.port) + " (" + std::strerror(error) +
                             "); expected an address of this machine and a free port, or port 0");
  }
  port_ = static_cast<std::uint16_t>(port);
  ::listen(svr_sock_, SOMAXCONN);  // cpp-httplib's own queue holds 5
}

bool Server::Listener::enter(int socket) {
  const std::scoped_lock lock(mutex_);
  if (!stopped_) clients_.insert(socket);
  return !stopped_;
}

void Server::Listener::leave(int socket) {
  const std::scoped_lock lock(mutex_);
  clients_.erase(socket);
  ::close(socket);
}

bool Server::Listener::process_and_close_socket(socket_t socket) {
  ClientSocket client(socket, options_.limits);
  try {
    if (enter(socket)) serve(client);
  } catch (const std::exception&) {
    // Out of memory for this client; the others go on.
  }
  leave(socket);
  return true;
}

void Server::Listener::serve(ClientSocket& client) {
  for (std::size_t left = options_.limits.requests; left > 0 && !stopped_; --left) {
    const ClientSocket::Head head = client.read_head([this] { return queued_ > 0; });
    std::variant<RequestHead, Refusal> read = Refusal{408, "the request took too long"};
    switch (head.arrival) {
      case ClientSocket::Arrival::kGone:
        return;
      case ClientSocket::Arrival::kTooSlow:
        break;
      case ClientSocket::Arrival::kTooLong:
        read = Refusal{431, "the headers are too long"};
        break;
      case ClientSocket::Arrival::kHead:
        read = read_request_head(head.text, hosts_);
        break;
    }
    if (const auto* const refusal = std::get_if<Refusal>(&read)) {
      const std::string text = refusal_text(*refusal);
      if (client.write(text)) client.finish();
      return;
    }
    if (!answer(client, std::get<RequestHead>(read), left == 1)) return;
  }
}

bool Server::Listener::answer(ClientSocket& client, const RequestHead& head, bool last) {
  const bool close = last || !head.keep_alive;
  AnswerStream stream(client, head.head_only, close);
  bool closed = false;
  const bool answered = process_request(stream, close, closed,
                                        [&](httplib::Request& request) { fill(request, head); });
  if (answered && close) client.finish();
  return answered && !close;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Server::Server(ServerOptions options) : listener_(std::make_unique<Listener>(std::move(options))) {}

Server::~Server() { stop(); }

std::uint16_t Server::port() const { return listener_->port(); }

std::string Server::address() const {
  const std::string& host = listener_->options().host;
  std::string name = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
  if (name.find(':') != name.npos) name = "[" + name + "]";
  return "http://" + name + ":" + std::to_string(port()) + "/";
}

void Server::run() { listener_->run(); }

void Server::stop() { listener_->stop_all(); }

}  // namespace circuit::serve
