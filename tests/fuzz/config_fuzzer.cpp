#include "tests/fuzz/fuzz_target.h"
#include "tracer/model/config.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  // `spans` has a byte a layer, and configurations may name a million of them.
  fuzz::expect_value_or_message(
      "config.json", bytes, size, {.per_byte = 4 + fuzz::kJsonParserPerByte, .fixed = 4 << 20},
      [](const std::filesystem::path& path) { read_model_config(path.parent_path()); });
  return 0;
}
