#include "tracer/processes/process_place.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <utility>

namespace circuit {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 3> kLaunchers = {
    {{"RANK", "WORLD_SIZE"},  // torchrun
     {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
     {"SLURM_PROCID", "SLURM_NTASKS"}}};

int whole_number(const char* name, const std::string& text, int least, int most) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && value >= least && value <= most) return value;
  throw std::runtime_error(std::string("[processes] the environment's ") + name + " is '" + text +
                           "', expected a whole number from " + std::to_string(least) + " to " +
                           std::to_string(most));
}

}  // namespace

ProcessPlace find_process_place(const Environment& environment) {
  ProcessPlace place;
  for (const auto& [rank_name, world_name] : kLaunchers) {
    const auto rank = environment(rank_name);
    const auto world = environment(world_name);
    if (!rank || !world) continue;
    place.world = whole_number(world_name, *world, 1, std::numeric_limits<int>::max());
    place.rank = whole_number(rank_name, *rank, 0, place.world - 1);
    break;
  }
  if (place.world == 1) return place;
  if (const auto address = environment("MASTER_ADDR")) place.address = *address;
  // torchrun's own store speaks the protocol of its LibTorch, which need not be this one.
  const int offset = environment("TORCHELASTIC_USE_AGENT_STORE") == "True" ? 1 : 0;
  if (const auto port = environment("MASTER_PORT")) {
    const int most = std::numeric_limits<std::uint16_t>::max() - offset;
    place.port = static_cast<std::uint16_t>(whole_number("MASTER_PORT", *port, 1, most) + offset);
  }
  return place;
}

ProcessPlace find_process_place() {
  return find_process_place([](const char* name) -> std::optional<std::string> {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  });
}

}  // namespace circuit
