#include "tests/fuzz/fuzz_target.h"
#include "tracer/text/tokenizer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  fuzz::expect_value_or_message(
      "m.gguf", bytes, size, {.per_byte = 64, .fixed = std::size_t{64} << 20},
      [](const std::filesystem::path& path) {
        const Tokenizer tokenizer = Tokenizer::load(path);
        fuzz::use(static_cast<unsigned>(tokenizer.encode(" Hello w\u00f6rld 12\n").size()));
      });
  return 0;
}
