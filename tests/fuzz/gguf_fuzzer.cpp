#include "tests/fuzz/fuzz_target.h"
#include "transcoders/weights/gguf.h"

namespace {

/// As every reader of keys does: whatever the file says of its type.
void look_up(const circuit::GgufFile& file, std::string_view key) {
  const auto try_one = [](const auto& look) {
    try {
      look();
    } catch (const std::runtime_error&) {
    }
  };
  try_one([&] { file.integer(key); });
  try_one([&] { file.number(key); });
  try_one([&] { file.boolean(key); });
  try_one([&] { file.text(key); });
  try_one([&] { file.texts(key); });
  try_one([&] {
    const auto values = file.array(key);
    if (!values || values->size == 0) return;
    try {
      circuit::fuzz::use(static_cast<unsigned>(values->integer(values->size - 1)));
    } catch (const std::invalid_argument&) {
    }
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  fuzz::expect_value_or_message("m.gguf", bytes, size, {}, [](const std::filesystem::path& path) {
    const GgufFile file = GgufFile::open(path);
    for (const GgufEntry& entry : file.metadata()) look_up(file, entry.key);
    for (const GgufTensorView& tensor : file.tensors()) {
      unsigned sum = 0;
      for (const std::byte byte : tensor.bytes) sum += static_cast<unsigned>(byte);
      fuzz::use(sum);
    }
  });
  return 0;
}
