// Sizes in bytes as people write and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace circuit::cli {

/// `1.5GiB`, `800MB`, `4096`: a positive number, then nothing or B, kB, MB, GB, TB (powers of 1000)
/// or KiB, MiB, GiB, TiB (powers of 1024), in any case. Throws std::invalid_argument otherwise.
std::int64_t parse_byte_size(std::string_view text);

/// `1.5GiB`, as an option shows its default.
std::string byte_size_option(std::int64_t bytes);

/// `1.5 GiB`, in the largest unit that leaves at least 1.
std::string byte_size_text(std::int64_t bytes);

}  // namespace circuit::cli
