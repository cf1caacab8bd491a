#include "tests/support/unpack_xz.h"

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <lzma.h>

namespace circuit::testing {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  if (file) bytes << file.rdbuf();
  if (!file) throw std::runtime_error("[unpack_xz] cannot read " + path.string());
  return std::move(bytes).str();
}

// Ends the decoder however the block is left.
struct Decoder {
  Decoder() {
    if (lzma_stream_decoder(&stream, UINT64_MAX, 0) != LZMA_OK) {
      throw std::runtime_error("[unpack_xz] no memory for the decoder");
    }
  }
  ~Decoder() { lzma_end(&stream); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  lzma_stream stream = LZMA_STREAM_INIT;
};

}  // namespace

std::string unpack_xz(const std::filesystem::path& path) {
  const std::string packed = read_file(path);
  Decoder decoder;
  decoder.stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  decoder.stream.avail_in = packed.size();
  std::string bytes;
  std::array<std::uint8_t, 1 << 16> block{};
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK) {
    decoder.stream.next_out = block.data();
    decoder.stream.avail_out = block.size();
    status = lzma_code(&decoder.stream, LZMA_FINISH);
    bytes.append(reinterpret_cast<const char*>(block.data()),
                 block.size() - decoder.stream.avail_out);
  }
  if (status != LZMA_STREAM_END) throw std::runtime_error("[unpack_xz] damaged: " + path.string());
  return bytes;
}

}  // namespace circuit::testing
