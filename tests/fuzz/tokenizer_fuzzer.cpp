#include "tests/fuzz/fuzz_target.h"
#include "tracer/text/tokenizer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  // A tokenizer has tables of a fixed size and compiled patterns beside what the file holds.
  fuzz::expect_value_or_message(
      "tokenizer.json", bytes, size,
      {.per_byte = 64 + fuzz::kJsonParserPerByte, .fixed = std::size_t{64} << 20},
      [](const std::filesystem::path& path) {
        const Tokenizer tokenizer = Tokenizer::load(path);
        const auto ids = tokenizer.encode(" Hello w\u00f6rld, it's 12\n\n");
        fuzz::use(static_cast<unsigned>(tokenizer.decode(ids).size()));
      });
  return 0;
}
