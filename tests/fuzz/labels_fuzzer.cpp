#include "export/names/feature_labels.h"
#include "export/names/label_import.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  // A packed file may unpack to 200 times its size: tests/export/text/text_lines_test.cpp has
  // those.
  if (size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) return 0;
  const fuzz::MemoryLimit limit{.per_byte = 64 + fuzz::kJsonParserPerByte, .fixed = 2 << 20};
  fuzz::expect_value_or_message("labels.jsonl", bytes, size, limit, [](const auto& path) {
    fuzz::use(static_cast<unsigned>(labels_jsonl(read_labels(path)).size()));
  });
  fuzz::expect_value_or_message("labels.jsonl", bytes, size, limit, [](const auto& path) {
    fuzz::use(static_cast<unsigned>(import_labels({path}).labels.size()));
  });
  return 0;
}
