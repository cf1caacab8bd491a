// Files packed with gzip.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string_view>

#include <zlib.h>

namespace circuit::testing {

/// Writes `text` `times` times over.
inline void write_gzip(const std::filesystem::path& path, std::string_view text, int times = 1) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(::gzopen(path.c_str(), "wb9"), &::gzclose);
  for (int i = 0; file && i < times; ++i) {
    if (::gzwrite(file.get(), text.data(), static_cast<unsigned>(text.size())) !=
        static_cast<int>(text.size())) {
      throw std::runtime_error("[write_gzip] " + path.string());
    }
  }
  if (!file) throw std::runtime_error("[write_gzip] " + path.string());
}

}  // namespace circuit::testing
