#include "tests/support/gunzip.h"

#include <array>
#include <memory>
#include <stdexcept>

#include <zlib.h>

namespace circuit::testing {
namespace {

struct Close {
  void operator()(gzFile file) const { gzclose(file); }
};

}  // namespace

std::string gunzip(const std::filesystem::path& path) {
  const std::unique_ptr<gzFile_s, Close> file(gzopen(path.c_str(), "rb"));
  if (!file) throw std::runtime_error("[gunzip] cannot open " + path.string());
  std::string bytes;
  std::array<char, 1 << 16> block;
  while (true) {
    const int count = gzread(file.get(), block.data(), static_cast<unsigned>(block.size()));
    if (count < 0) throw std::runtime_error("[gunzip] damaged: " + path.string());
    if (count == 0) break;
    bytes.append(block.data(), static_cast<std::size_t>(count));
  }
  if (gzeof(file.get()) == 0) throw std::runtime_error("[gunzip] cut short: " + path.string());
  return bytes;
}

}  // namespace circuit::testing
