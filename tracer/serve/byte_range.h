// The Range header of one part of a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace circuit::serve {

struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;  ///< 0: nothing of the file lies in it (416)
};

/// `bytes=0-99`, `bytes=100-`, `bytes=-100` of `file_size` bytes. Empty for anything else, several
/// ranges too: as RFC 9110 allows, the whole file answers it.
std::optional<ByteRange> parse_range(std::string_view header, std::uint64_t file_size);

}  // namespace circuit::serve
