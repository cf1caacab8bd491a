#include "export/file/graph_file.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  fuzz::expect_value_or_message("g.graph.safetensors", bytes, size,
                                {.per_byte = 16 + fuzz::kJsonParserPerByte},
                                [](const std::filesystem::path& path) {
                                  const GraphFile file = read_graph_file(path);
                                  fuzz::use(static_cast<unsigned>(file.graph.n_nodes()));
                                });
  return 0;
}
