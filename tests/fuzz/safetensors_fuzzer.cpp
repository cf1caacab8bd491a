#include "tests/fuzz/fuzz_target.h"
#include "transcoders/weights/safetensors.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  fuzz::expect_value_or_message("m.safetensors", bytes, size,
                                {.per_byte = 4 + fuzz::kJsonParserPerByte},
                                [](const std::filesystem::path& path) {
                                  const SafetensorsFile file = SafetensorsFile::open(path);
                                  for (const std::string& name : file.names()) {
                                    // Every byte is inside the file.
                                    unsigned sum = 0;
                                    for (const std::byte byte : file.view(name).bytes)
                                      sum += static_cast<unsigned>(byte);
                                    fuzz::use(sum);
                                  }
                                });
  return 0;
}
