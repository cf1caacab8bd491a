#include "tests/fuzz/fuzz_target.h"
#include "transcoders/weights/npz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  // What is unpacked may be 4 times the file and a MiB; the rest are names and shapes.
  fuzz::expect_value_or_message("m.npz", bytes, size, {.per_byte = 8, .fixed = 2 << 20},
                                [](const std::filesystem::path& path) {
                                  const auto table = open_npz(path);
                                  for (const auto& [name, view] : table->tensors) {
                                    unsigned sum = 0;
                                    for (const std::byte byte : view.bytes)
                                      sum += static_cast<unsigned>(byte);
                                    fuzz::use(sum);
                                  }
                                });
  return 0;
}
