#include <tbb/global_control.h>

#include "export/viewer/viewer_json_read.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  // What is held is counted for one thread.
  static const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
  fuzz::expect_value_or_message(
      "g.json", bytes, size,
      {.per_byte = 64 + fuzz::kJsonParserPerByte, .fixed = std::size_t{16} << 20},
      [](const std::filesystem::path& path) {
        const ViewerFile file = read_viewer_json(path);
        fuzz::use(static_cast<unsigned>(file.content.pruned->kept_edges()));
      });
  return 0;
}
