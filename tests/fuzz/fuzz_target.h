// What every fuzz target promises of the reader that it feeds: any bytes give a value or a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace circuit::fuzz {

/// Bytes of the heap that a reader may hold at once, for a file of `size` bytes.
struct MemoryLimit {
  std::size_t per_byte = 4;
  std::size_t fixed = std::size_t{1} << 20;
};

/// What simdjson's parser holds for a byte of JSON, whatever it says: 8 bytes of tape, 4 of index,
/// 5/3 of texts, and a copy of the file.
inline constexpr std::size_t kJsonParserPerByte = 16;

/// The largest single allocation for a file of `size` bytes, whatever the reader. The fixed part is
/// what libraries take for a file of any size: stacks of expressions, windows of deflate.
inline constexpr std::size_t largest_allocation(std::size_t size) {
  return 4 * size + (std::size_t{1} << 20);
}

/// Keeps the computation of `value`.
void use(unsigned value);

/// Calls `read`, and ends the process unless it returns or throws std::runtime_error or
/// std::invalid_argument with a message that begins `[operation] `, and unless it keeps to `limit`
/// and to `largest_allocation`. Mapped files do not count.
void expect_value_or_message(std::size_t size, const MemoryLimit& limit,
                             const std::function<void()>& read);

/// The same of a file called `name` that holds `bytes`, which `read` is given the path of.
void expect_value_or_message(std::string_view name, const std::uint8_t* bytes, std::size_t size,
                             const MemoryLimit& limit,
                             const std::function<void(const std::filesystem::path&)>& read);

}  // namespace circuit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);
