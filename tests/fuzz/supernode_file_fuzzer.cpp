#include "export/names/supernode_file.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  fuzz::expect_value_or_message("g.supernodes.json", bytes, size,
                                {.per_byte = 16 + fuzz::kJsonParserPerByte},
                                [](const std::filesystem::path& path) {
                                  const SupernodeFile file = read_supernode_file(path);
                                  fuzz::use(static_cast<unsigned>(file.supernodes.size()));
                                });
  return 0;
}
