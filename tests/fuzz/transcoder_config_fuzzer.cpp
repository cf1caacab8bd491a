#include "tests/fuzz/fuzz_target.h"
#include "transcoders/config.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  // yaml-cpp keeps a tree with some hundred bytes for each value.
  fuzz::expect_value_or_message(
      "config.yaml", bytes, size, {.per_byte = 1024},
      [](const std::filesystem::path& path) { read_transcoder_config(path.parent_path()); });
  return 0;
}
