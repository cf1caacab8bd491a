#include "tracer/cli/failure.h"

#include <new>
#include <stdexcept>

#include <gtest/gtest.h>

namespace circuit::cli {
namespace {

template <typename Error>
std::string line(const Error& error) {
  return failure_line(std::make_exception_ptr(error), "trace");
}

TEST(Failure, KeepsTheOperationThatTheMessageNames) {
  EXPECT_EQ(line(std::runtime_error("[load_model] a: b")), "[load_model] a: b");
  EXPECT_EQ(line(std::invalid_argument("no prompt")), "[trace] no prompt");
}

TEST(Failure, IsOneLineWithoutStackTrace) {
  EXPECT_EQ(line(std::runtime_error("expected\n\ta matrix\r\n")), "[trace] expected a matrix");
  EXPECT_EQ(line(std::runtime_error("bad sizes\nException raised from f at g:1 (most recent call "
                                    "first):\nframe #0: x")),
            "[trace] bad sizes");
  EXPECT_EQ(line(std::runtime_error("a\x1B[2Jb\xFF")), "[trace] a\\x1B[2Jb\\xFF");
}

TEST(Failure, TellsMemoryThatRanOut) {
  EXPECT_EQ(line(std::bad_alloc()), "[trace] out of memory");
  EXPECT_EQ(line(std::runtime_error("[enforce fail at alloc_cpu.cpp:75] . DefaultCPUAllocator: "
                                    "can't allocate memory: you tried to allocate 9 bytes.")),
            "[trace] out of memory");
  EXPECT_EQ(line(3), "[trace] an unknown error");
}

}  // namespace
}  // namespace circuit::cli
