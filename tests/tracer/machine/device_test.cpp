#include "tracer/machine/device.h"

#include <stdexcept>

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit::testing {
namespace {

TEST(Device, IsTheCpuOrSaysWhatIsMissing) {
  EXPECT_EQ(open_device("cpu"), at::Device(at::kCPU));
  const auto said = [](const char* name) {
    return message_of<std::runtime_error>([&] { open_device(name); });
  };
  if (!c10::impl::hasDeviceGuardImpl(at::kCUDA)) {
    EXPECT_EQ(said("cuda:1"), "[device] cuda:1: this LibTorch is built without CUDA, expected cpu");
    return;
  }
  const int count = c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount();
  if (count == 0) {
    EXPECT_EQ(said("cuda"), "[device] cuda: this LibTorch sees no CUDA device, expected cpu");
    return;
  }
  EXPECT_EQ(open_device("cuda"), at::Device(at::kCUDA, 0));
  EXPECT_TRUE(said("cuda:9999")
                  .starts_with("[device] cuda:9999: this LibTorch sees " + std::to_string(count) +
                               " device(s), expected cuda:0"));
}

TEST(Device, RefusesNamesThatAreNone) {
  for (const std::string name :
       {"", "gpu", "cuda:", "cuda:-1", "cuda:1x", "cuda:99999999999999999999"}) {
    EXPECT_EQ(message_of<std::invalid_argument>([&] { open_device(name); }),
              "[device] '" + name + "', expected cpu, cuda or cuda:N");
  }
}

TEST(Device, UsesTf32OnlyWhenAsked) {
  set_device_precision(/*tf32=*/true);
  EXPECT_TRUE(at::globalContext().allowTF32CuBLAS());
  set_device_precision(/*tf32=*/false);
  EXPECT_FALSE(at::globalContext().allowTF32CuBLAS());
}

TEST(Device, KnowsNoMemoryOfTheCpu) { EXPECT_FALSE(device_memory(at::kCPU).has_value()); }

// On the CPU the copy is done at once; on a device when `wait` returns.
TEST(CopyLane, CopiesThereAndBack) {
  at::Device device = at::kCPU;
  if (at::hasCUDA()) device = at::Device(at::kCUDA, 0);
  const at::Tensor from = at::empty({100}, host_options(device, at::kFloat));
  const at::Tensor back = at::empty({100}, host_options(device, at::kFloat));
  from.copy_(at::arange(100));
  const at::Tensor there = at::zeros({100}, at::TensorOptions().device(device));
  CopyLane lane(device);
  lane.start(there, from);
  lane.let_device_wait();
  const at::Tensor twice = there + there;
  lane.start(back, twice);
  lane.wait();
  EXPECT_TRUE(at::equal(back, at::arange(100).to(at::kFloat) * 2));
  EXPECT_TRUE(at::equal(upload(from, device).to(at::kCPU), from));
}

}  // namespace
}  // namespace circuit::testing
