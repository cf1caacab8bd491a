#include "tracer/processes/tcp_counters.h"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/free_port.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::free_port;
using testing::message_of;

ProcessPlace place(int rank, std::uint16_t port) {
  return {.rank = rank, .world = 2, .port = port};
}

TEST(TcpCounters, AddForAllProcessesTogether) {
  const std::uint16_t port = free_port();
  const auto first = open_tcp_counters(place(0, port), "job");
  const auto second = open_tcp_counters(place(1, port), "job");
  EXPECT_EQ(first->add("a", 0), 0);
  EXPECT_EQ(first->add("a", 2), 2);
  EXPECT_EQ(second->add("a", 3), 5);
  EXPECT_EQ(second->add("b", 1), 1);
  EXPECT_EQ(first->add("a", -4), 1);
}

TEST(TcpCounters, MayBeUsedFromSeveralThreads) {
  const auto counters = open_tcp_counters(place(0, free_port()), "job");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 100; ++k) counters->add("a", 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counters->add("a", 0), 400);
}

TEST(TcpCounters, OfAnotherJobAreOthers) {
  const std::uint16_t port = free_port();
  const auto first = open_tcp_counters(place(0, port), "job");
  const auto second = open_tcp_counters(place(1, port), "another");
  first->add("a", 2);
  EXPECT_EQ(second->add("a", 1), 1);
}

TEST(TcpCounters, TellThatTheServerIsGone) {
  const std::uint16_t port = free_port();
  auto first = open_tcp_counters(place(0, port), "job");
  const auto second = open_tcp_counters(place(1, port), "job");
  second->add("a", 1);
  first.reset();
  EXPECT_EQ(message_of<std::runtime_error>([&] { second->add("a", 1); }),
            "[processes] process 0 at 127.0.0.1:" + std::to_string(port) +
                " is gone, which shares out the prompts: run the same command again, what is done "
                "stays done");
}

TEST(TcpCounters, TellThatThePortIsTaken) {
  const std::uint16_t port = free_port();
  const auto first = open_tcp_counters(place(0, port), "job");
  EXPECT_EQ(message_of<std::runtime_error>([&] { open_tcp_counters(place(0, port), "job"); }),
            "[processes] port " + std::to_string(port) +
                " cannot be opened, expected a free one (MASTER_PORT)");
}

TEST(TcpCounters, TellThatNobodyAnswers) {
  const std::uint16_t port = free_port();
  EXPECT_EQ(message_of<std::runtime_error>(
                [&] { open_tcp_counters(place(1, port), "job", std::chrono::milliseconds(200)); }),
            "[processes] nobody answers at 127.0.0.1:" + std::to_string(port) +
                ", expected process 0 there (MASTER_ADDR, MASTER_PORT)");
}

}  // namespace
}  // namespace circuit
