#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <pthread.h>
#include <signal.h>

#include "export/names/feature_labels.h"
#include "tracer/cli/command.h"
#include "tracer/cli/failure.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/label_options.h"
#include "tracer/cli/standard_output.h"
#include "tracer/serve/server.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit serve graphs
  circuit serve graphs --port 0 --json)";

struct ServeCommand {
  std::filesystem::path folder = ".";
  std::filesystem::path labels;
  serve::ServerOptions server;
  std::int64_t port = serve::ServerOptions{}.port;
  bool json = false;
};

void add_options(CLI::App& command, ServeCommand& request) {
  command.add_option("DIR", request.folder, "Folder of graphs")
      ->type_name("")
      ->capture_default_str();
  command.add_option("--port", request.port, "Port to listen on; 0 = any free one")
      ->capture_default_str();
  command
      .add_option("--host", request.server.host,
                  "Address to listen on. Whoever reaches another than this machine's own can read "
                  "the graphs")
      ->type_name("ADDRESS")
      ->capture_default_str();
  add_labels_option(command, request.labels, "Options");
  command.add_flag("--json", request.json, "Print the address as one JSON object");
}

void check(ServeCommand& request) {
  constexpr std::int64_t kLargestPort = 65535;
  if (request.port < 0 || request.port > kLargestPort) {
    throw std::invalid_argument("--port is " + std::to_string(request.port) +
                                ", expected 0 to 65535");
  }
  if (request.server.host.empty()) {
    throw std::invalid_argument("--host is empty, expected an address of this machine");
  }
  if (!request.labels.empty()) request.server.site.labels = read_labels(request.labels);
  request.server.port = static_cast<std::uint16_t>(request.port);
  request.server.site.folder = request.folder;
  std::error_code none;
  const auto known = std::filesystem::canonical(request.folder, none);
  request.server.site.title = (none ? request.folder : known).string();
}

sigset_t ending_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  return signals;
}

void announce(const ServeCommand& request, const serve::Server& server) {
  if (!serve::is_loopback(request.server.host)) {
    std::fprintf(stderr,
                 "circuit: [serve] warning: %s is open to the network: whoever reaches it can read "
                 "the graphs of %s\n",
                 single_line(request.server.host).c_str(),
                 single_line(request.folder.string()).c_str());
  }
  if (request.json) {
    nlohmann::ordered_json object;
    object["address"] = server.address();
    object["port"] = server.port();
    object["folder"] = request.folder.string();
    print(json_line(object));
  } else {
    print(server.address() + "    " + single_line(request.folder.string()) + ", until Ctrl-C\n");
  }
}

void run(const ServeCommand& request) {
  // Blocked before any thread begins, so that the one that waits for them gets them.
  const sigset_t signals = ending_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  serve::Server server(request.server);
  announce(request, server);
  std::thread ending([&] {
    int received = 0;
    ::sigwait(&signals, &received);
    server.stop();
  });
  try {
    server.run();
  } catch (...) {
    ::pthread_kill(ending.native_handle(), SIGTERM);
    ending.join();
    throw;
  }
  ending.join();
}

}  // namespace

Command add_serve(CLI::App& program) {
  CLI::App* const command =
      program.add_subcommand("serve", "Show a folder of graphs in a browser; needs no model");
  const auto request = std::make_shared<ServeCommand>();
  add_options(*command, *request);
  command->footer(kExamples);
  return {.name = "serve",
          .check = [request] { check(*request); },
          .run = [request] { run(*request); }};
}

}  // namespace circuit::cli
