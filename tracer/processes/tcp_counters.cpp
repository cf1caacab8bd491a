#include "tracer/processes/tcp_counters.h"

#include <cstdlib>
#include <exception>
#include <stdexcept>

#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace circuit {
namespace {

std::string place_text(const ProcessPlace& place) {
  return place.address + ":" + std::to_string(place.port);
}

c10d::TCPStoreOptions store_options(const ProcessPlace& place, std::chrono::milliseconds patience) {
  c10d::TCPStoreOptions options;
  options.port = place.port;
  options.isServer = place.rank == 0;
  // Nobody waits for all: whoever is there begins, and who comes later joins in.
  options.waitWorkers = false;
  options.timeout = patience;
  return options;
}

[[noreturn]] void fail_to_open(const ProcessPlace& place) {
  if (place.rank == 0) {
    throw std::runtime_error("[processes] port " + std::to_string(place.port) +
                             " cannot be opened, expected a free one (MASTER_PORT)");
  }
  throw std::runtime_error("[processes] nobody answers at " + place_text(place) +
                           ", expected process 0 there (MASTER_ADDR, MASTER_PORT)");
}

// LibTorch from 2.x on prints what fails with its own call stack, ahead of our one line.
void silence_warnings_of_the_store() {
  ::setenv("TORCH_CPP_LOG_LEVEL", "ERROR", /*overwrite=*/0);
  c10::initLogging();
}

class TcpCounters final : public Counters {
 public:
  TcpCounters(const ProcessPlace& place, const std::string& job, std::chrono::milliseconds patience)
      : place_(place), prefix_("circuit/" + job + "/") {
    silence_warnings_of_the_store();
    try {
      store_ = std::make_unique<c10d::TCPStore>(place.address, store_options(place, patience));
    } catch (const std::exception&) {  // long, and of LibTorch's sources
      fail_to_open(place);
    }
  }

  std::int64_t add(const std::string& key, std::int64_t value) override {
    try {
      return store_->add(prefix_ + key, value);
    } catch (const std::exception&) {
      throw std::runtime_error("[processes] process 0 at " + place_text(place_) +
                               " is gone, which shares out the prompts: run the same command "
                               "again, what is done stays done");
    }
  }

 private:
  ProcessPlace place_;
  std::string prefix_;
  std::unique_ptr<c10d::TCPStore> store_;
};

}  // namespace

std::unique_ptr<Counters> open_tcp_counters(const ProcessPlace& place, const std::string& job,
                                            std::chrono::milliseconds patience) {
  return std::make_unique<TcpCounters>(place, job, patience);
}

}  // namespace circuit
