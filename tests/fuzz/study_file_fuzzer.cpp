#include "tests/fuzz/fuzz_target.h"
#include "tracer/study/study_file.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  // yaml-cpp keeps a tree with some hundred bytes for each value.
  fuzz::expect_value_or_message(
      "study.yaml", bytes, size, {.per_byte = 1024},
      [](const std::filesystem::path& path) { resolved_study(read_study_file(path)); });
  return 0;
}
