// serve_random_requests COUNT [SEED]: sends a running server as many connections of random and
// changed requests. Fails when the server stops answering, answers with anything but HTTP, or with
// a byte of a file outside its folder. Build it with the preset `asan`.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>

#include "export/file/graph_file.h"
#include "tests/support/small_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/tracer/serve/random_requests.h"
#include "tests/tracer/serve/running_server.h"

namespace circuit::serve::testing {
namespace {

using circuit::testing::small_graph;
using circuit::testing::TempDir;
using circuit::testing::write_text;

constexpr const char* kCanary = "CANARY-2c7e";
constexpr unsigned kClients = 4;
/// Far more than the limits of `hurried` add up to, also under sanitizers on a busy machine.
constexpr std::chrono::seconds kPatience(20);

void fill(const std::filesystem::path& outer, const std::filesystem::path& folder) {
  std::filesystem::create_directory(folder);
  for (const char* const name : {"secret.json", "secret.graph.safetensors", "secret"}) {
    write_text(outer / name, kCanary);
  }
  write_text(folder / ".hidden.json", kCanary);
  write_text(folder / "notes.txt", kCanary);
  std::filesystem::create_symlink(outer / "secret.json", folder / "link.json");
  std::filesystem::create_symlink(outer, folder / "outer");
  std::filesystem::create_directory(folder / "folder.json");
  if (::mkfifo((folder / "pipe.json").c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
  write_graph_file(folder / "a.graph.safetensors", small_graph(), nullptr, {});
  write_text(folder / "a.svg", "<svg/>");
  write_text(folder / "numbers.json", "0123456789");
  write_text(folder / "empty.dot", "");
  write_text(folder / "broken.graph.safetensors", "junk");
}

ServerOptions hurried(const std::filesystem::path& folder) {
  ServerOptions options;
  options.site = {.folder = folder, .title = "graphs"};
  options.limits = {.head = std::chrono::milliseconds(100), .idle = std::chrono::milliseconds(50)};
  return options;
}

class Run {
 public:
  Run(const RunningServer& server, std::string secret)
      : server_(server), secret_(std::move(secret)) {}

  /// Connections numbered `first`, `first` + kClients, … below `count`.
  void send(std::size_t first, std::size_t count, std::uint64_t seed) {
    for (std::size_t i = first; i < count && !failed_; i += kClients) {
      RandomRequests requests(seed + i, server_.host(), secret_);
      try {
        exchange(requests, i);
      } catch (const std::exception& error) {
        fail(i, error.what());
      }
    }
  }

  bool failed() const { return failed_; }
  const std::map<std::string, std::size_t>& statuses() const { return statuses_; }

 private:
  void exchange(RandomRequests& requests, std::size_t number) {
    const std::string bytes = requests.next();
    Connection connection(server_.port());
    if (requests.chance(5)) connection.reset();
    if (requests.chance(10) && bytes.size() > 1) {  // in two pieces
      connection.send(bytes.substr(0, bytes.size() / 2));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      connection.send(bytes.substr(bytes.size() / 2));
    } else {
      connection.send(bytes);
    }
    if (requests.chance(5)) return;  // gone before the answer
    if (requests.chance(80)) connection.finish();
    const auto begin = std::chrono::steady_clock::now();
    const std::string answer = connection.receive_all(kPatience);
    if (std::chrono::steady_clock::now() - begin > kPatience) fail(number, "no end of the answer");
    check(answer, number);
  }

  void check(const std::string& answer, std::size_t number) {
    if (answer.find(kCanary) != answer.npos) fail(number, "the canary is in the answer");
    if (!answer.empty() && !answer.starts_with("HTTP/1.1 ")) fail(number, "no HTTP in the answer");
    const std::scoped_lock lock(mutex_);
    ++statuses_[answer.empty() ? "none" : status_of(answer)];
  }

  void fail(std::size_t number, const std::string& what) {
    failed_ = true;
    std::fprintf(stderr, "connection %zu: %s\n", number, what.c_str());
  }

  const RunningServer& server_;
  const std::string secret_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> statuses_;
  std::atomic<bool> failed_ = false;
};

/// That the requests came to every part of the server.
bool reached_everything(const std::map<std::string, std::size_t>& statuses) {
  const std::vector<std::string> expected = {"200", "206", "304", "400", "404", "405",
                                             "413", "416", "421", "422", "431", "505"};
  return std::ranges::all_of(expected, [&](const std::string& status) {
    const bool seen = statuses.contains(status);
    if (!seen) std::fprintf(stderr, "no answer with status %s\n", status.c_str());
    return seen;
  });
}

int run(std::size_t count, std::uint64_t seed) {
  const TempDir outer;
  const std::filesystem::path folder = outer / "graphs";
  fill(outer.path(), folder);
  const RunningServer server(hurried(folder));
  Run run(server, outer / "secret.json");
  std::vector<std::thread> clients;
  for (std::size_t client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] { run.send(client, count, seed); });
  }
  for (std::thread& client : clients) client.join();
  for (const auto& [status, number] : run.statuses()) {
    std::printf("%s: %zu\n", status.c_str(), number);
  }
  const bool answers = body_of(server.get("/files/numbers.json")) == "0123456789";
  if (!answers) std::fprintf(stderr, "the server answers no more\n");
  return run.failed() || !answers || !reached_everything(run.statuses()) ? EXIT_FAILURE
                                                                         : EXIT_SUCCESS;
}

}  // namespace
}  // namespace circuit::serve::testing

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "serve_random_requests COUNT [SEED]\n");
    return EXIT_FAILURE;
  }
  return circuit::serve::testing::run(std::strtoull(argv[1], nullptr, 10),
                                      argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0);
}
