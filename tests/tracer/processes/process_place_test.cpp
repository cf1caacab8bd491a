#include "tracer/processes/process_place.h"

#include <map>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;

ProcessPlace place_in(const std::map<std::string, std::string>& variables) {
  return find_process_place([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(ProcessPlace, IsAloneWithoutALauncher) {
  EXPECT_EQ(place_in({}).world, 1);
  EXPECT_EQ(place_in({}).rank, 0);
  EXPECT_EQ(place_in({{"RANK", "3"}}).world, 1);
  EXPECT_EQ(place_in({{"WORLD_SIZE", "1"}, {"RANK", "0"}, {"MASTER_PORT", "none"}}).world, 1);
}

TEST(ProcessPlace, IsWhatTheLauncherSays) {
  const ProcessPlace place = place_in(
      {{"RANK", "2"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "node7"}, {"MASTER_PORT", "4711"}});
  EXPECT_EQ(place.rank, 2);
  EXPECT_EQ(place.world, 4);
  EXPECT_EQ(place.address, "node7");
  EXPECT_EQ(place.port, 4711);
  EXPECT_EQ(place_in({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "3"}}).rank, 1);
  const ProcessPlace slurm = place_in({{"SLURM_PROCID", "5"}, {"SLURM_NTASKS", "6"}});
  EXPECT_EQ(slurm.rank, 5);
  EXPECT_EQ(slurm.world, 6);
  EXPECT_EQ(slurm.address, "127.0.0.1");
  EXPECT_EQ(slurm.port, 29500);
}

TEST(ProcessPlace, TakesTheFirstLauncherThatSaysBoth) {
  const std::map<std::string, std::string> slurm = {{"SLURM_PROCID", "5"}, {"SLURM_NTASKS", "6"}};
  auto all = slurm;
  all.insert({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "3"}, {"RANK", "0"}});
  EXPECT_EQ(place_in(all).world, 3);
  all["WORLD_SIZE"] = "2";
  EXPECT_EQ(place_in(all).world, 2);
}

TEST(ProcessPlace, LeavesTorchrunThePortOfItsOwnStore) {
  std::map<std::string, std::string> torchrun = {
      {"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "4711"}};
  torchrun["TORCHELASTIC_USE_AGENT_STORE"] = "False";
  EXPECT_EQ(place_in(torchrun).port, 4711);
  torchrun["TORCHELASTIC_USE_AGENT_STORE"] = "True";
  EXPECT_EQ(place_in(torchrun).port, 4712);
}

TEST(ProcessPlace, RefusesWhatMakesNoSense) {
  const auto message = [](const std::map<std::string, std::string>& variables) {
    return message_of<std::runtime_error>([&] { place_in(variables); });
  };
  EXPECT_EQ(message({{"RANK", "2"}, {"WORLD_SIZE", "2"}}),
            "[processes] the environment's RANK is '2', expected a whole number from 0 to 1");
  EXPECT_EQ(message({{"RANK", "0"}, {"WORLD_SIZE", "two"}}),
            "[processes] the environment's WORLD_SIZE is 'two', expected a whole number from 1 to "
            "2147483647");
  EXPECT_EQ(message({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "65536"}}),
            "[processes] the environment's MASTER_PORT is '65536', expected a whole number from 1 "
            "to 65535");
}

}  // namespace
}  // namespace circuit
