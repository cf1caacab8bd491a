#include "transcoders/weights/dequantise.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

// Products and sums round one by one, as in the reference: this file is compiled without
// contraction into fused operations. Inner loops have fixed lengths and no branches, which is what
// the compiler needs to turn them into vector code.

namespace circuit {
namespace {

template <class T>
T load(const std::uint8_t* bytes) {
  T value{};
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// Without a branch, and without arithmetic on subnormal floats, which takes a hundred cycles each.
float from_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16U;
  const std::uint32_t magnitude = half & 0x7FFFU;
  const std::uint32_t bias = magnitude >= 0x7C00U ? 224U << 23U : 112U << 23U;
  const std::uint32_t normal = (magnitude << 13U) + bias;
  const auto subnormal = std::bit_cast<std::uint32_t>(
      static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24F);
  return std::bit_cast<float>(sign | (magnitude < 0x0400U ? subnormal : normal));
}

float f16_at(const std::uint8_t* bytes) { return from_f16(load<std::uint16_t>(bytes)); }

float as_float(std::uint32_t value) { return static_cast<float>(static_cast<std::int32_t>(value)); }

struct F16 {
  static constexpr std::size_t kElements = 1;
  static constexpr std::size_t kBytes = 2;
  static void decode(const std::uint8_t* block, float* values) { *values = f16_at(block); }
};

struct BF16 {
  static constexpr std::size_t kElements = 1;
  static constexpr std::size_t kBytes = 2;
  static void decode(const std::uint8_t* block, float* values) {
    *values = std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(block)) << 16U);
  }
};

template <class T>
struct Plain {
  static constexpr std::size_t kElements = 1;
  static constexpr std::size_t kBytes = sizeof(T);
  static void decode(const std::uint8_t* block, float* values) {
    *values = static_cast<float>(load<T>(block));
  }
};

// Blocks of 32 begin with a scale (and a minimum); the low halves of 16 bytes are the first 16
// values, the high halves the others.
constexpr std::size_t kHalf = 16;

struct Q4_0 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 18;
  static void decode(const std::uint8_t* block, float* values) {
    const float scale = f16_at(block);
    const std::uint8_t* quants = block + 2;
    for (std::size_t i = 0; i < kHalf; ++i) {
      values[i] = scale * static_cast<float>((quants[i] & 0xF) - 8);
    }
    for (std::size_t i = 0; i < kHalf; ++i) {
      values[kHalf + i] = scale * static_cast<float>((quants[i] >> 4) - 8);
    }
  }
};

struct Q4_1 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 20;
  static void decode(const std::uint8_t* block, float* values) {
    const float scale = f16_at(block);
    const float minimum = f16_at(block + 2);
    const std::uint8_t* quants = block + 4;
    for (std::size_t i = 0; i < kHalf; ++i) {
      values[i] = scale * static_cast<float>(quants[i] & 0xF) + minimum;
    }
    for (std::size_t i = 0; i < kHalf; ++i) {
      values[kHalf + i] = scale * static_cast<float>(quants[i] >> 4) + minimum;
    }
  }
};

// The fifth bits of all 32 values stand together in one word.
void decode_5_bits(const std::uint8_t* high, const std::uint8_t* quants, std::int32_t* codes) {
  const auto bits = load<std::uint32_t>(high);
  for (std::uint32_t i = 0; i < kHalf; ++i) {
    codes[i] = static_cast<std::int32_t>((quants[i] & 0xFU) | (((bits >> i) & 1U) << 4U));
  }
  for (std::uint32_t i = 0; i < kHalf; ++i) {
    codes[kHalf + i] =
        static_cast<std::int32_t>((quants[i] >> 4U) | (((bits >> (i + 16U)) & 1U) << 4U));
  }
}

struct Q5_0 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 22;
  static void decode(const std::uint8_t* block, float* values) {
    const float scale = f16_at(block);
    std::array<std::int32_t, kElements> codes;
    decode_5_bits(block + 2, block + 6, codes.data());
    for (std::size_t i = 0; i < kElements; ++i) {
      values[i] = scale * static_cast<float>(codes[i] - 16);
    }
  }
};

struct Q5_1 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 24;
  static void decode(const std::uint8_t* block, float* values) {
    const float scale = f16_at(block);
    const float minimum = f16_at(block + 2);
    std::array<std::int32_t, kElements> codes;
    decode_5_bits(block + 4, block + 8, codes.data());
    for (std::size_t i = 0; i < kElements; ++i) {
      values[i] = scale * static_cast<float>(codes[i]) + minimum;
    }
  }
};

struct Q8_0 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 34;
  static void decode(const std::uint8_t* block, float* values) {
    const float scale = f16_at(block);
    for (std::size_t i = 0; i < kElements; ++i) {
      values[i] = static_cast<float>(static_cast<std::int8_t>(block[2 + i])) * scale;
    }
  }
};

// Blocks of 256 ("K") have scales of their own for 8 groups of 32 values, themselves quantised.
struct GroupScales {
  std::array<float, 8> scale;
  std::array<float, 8> minimum;
};

// Six bits each: those of groups 0 to 3 lie in bytes 0 to 3 (scale) and 4 to 7 (minimum); groups 4
// to 7 have their low four bits in bytes 8 to 11 and their high two on top of those bytes.
GroupScales read_group_scales(const std::uint8_t* block) {
  const float scale = f16_at(block);
  const float minimum = f16_at(block + 2);
  const std::uint8_t* packed = block + 4;
  GroupScales groups;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint32_t a = packed[i];
    const std::uint32_t b = packed[4 + i];
    const std::uint32_t c = packed[8 + i];
    groups.scale[i] = scale * as_float(a & 0x3FU);
    groups.minimum[i] = minimum * as_float(b & 0x3FU);
    groups.scale[4 + i] = scale * as_float((c & 0xFU) | ((a >> 2U) & 0x30U));
    groups.minimum[4 + i] = minimum * as_float((c >> 4U) | ((b >> 2U) & 0x30U));
  }
  return groups;
}

struct Q4_K {
  static constexpr std::size_t kElements = 256;
  static constexpr std::size_t kBytes = 144;
  static void decode(const std::uint8_t* block, float* values) {
    const GroupScales groups = read_group_scales(block);
    const std::uint8_t* quants = block + 16;
    for (std::size_t group = 0; group < 8; group += 2) {
      for (std::size_t i = 0; i < 32; ++i) {
        values[i] = groups.scale[group] * as_float(quants[i] & 0xFU) - groups.minimum[group];
      }
      for (std::size_t i = 0; i < 32; ++i) {
        values[32 + i] =
            groups.scale[group + 1] * as_float(quants[i] >> 4U) - groups.minimum[group + 1];
      }
      quants += 32;
      values += 64;
    }
  }
};

struct Q5_K {
  static constexpr std::size_t kElements = 256;
  static constexpr std::size_t kBytes = 176;
  static void decode(const std::uint8_t* block, float* values) {
    const GroupScales groups = read_group_scales(block);
    const std::uint8_t* high = block + 16;  // bit g of byte i belongs to value i of group g
    const std::uint8_t* quants = block + 48;
    for (std::uint32_t group = 0; group < 8; group += 2) {
      for (std::size_t i = 0; i < 32; ++i) {
        const std::uint32_t code = (quants[i] & 0xFU) | (((high[i] >> group) & 1U) << 4U);
        values[i] = groups.scale[group] * as_float(code) - groups.minimum[group];
      }
      for (std::size_t i = 0; i < 32; ++i) {
        const std::uint32_t code = (quants[i] >> 4U) | (((high[i] >> (group + 1U)) & 1U) << 4U);
        values[32 + i] = groups.scale[group + 1] * as_float(code) - groups.minimum[group + 1];
      }
      quants += 32;
      values += 64;
    }
  }
};

// 16 groups of 16 values. Each half of the block: low four bits in 64 bytes, high two in 32.
struct Q6_K {
  static constexpr std::size_t kElements = 256;
  static constexpr std::size_t kBytes = 210;
  static void decode(const std::uint8_t* block, float* values) {
    const float scale = f16_at(block + 208);
    const std::uint8_t* low = block;
    const std::uint8_t* high = block + 128;
    const std::uint8_t* packed = block + 192;
    for (std::size_t half = 0; half < 2; ++half) {
      for (std::uint32_t part = 0; part < 4; ++part) {  // 32 values, two groups
        const std::uint8_t* quants = low + 32 * (part % 2);
        const std::uint32_t low_shift = part < 2 ? 0 : 4;
        for (std::size_t group = 0; group < 2; ++group) {
          const float group_scale =
              scale * static_cast<float>(static_cast<std::int8_t>(packed[2 * part + group]));
          for (std::size_t i = 16 * group; i < 16 * group + 16; ++i) {
            const std::uint32_t code =
                ((quants[i] >> low_shift) & 0xFU) | (((high[i] >> (2 * part)) & 3U) << 4U);
            values[i] = group_scale * static_cast<float>(static_cast<std::int32_t>(code) - 32);
          }
        }
        values += 32;
      }
      low += 64;
      high += 32;
      packed += 8;
    }
  }
};

template <class Block>
void decode_all(std::span<const std::byte> blocks, float* values) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(blocks.data());
  const std::size_t n_blocks = blocks.size() / Block::kBytes;
  for (std::size_t i = 0; i < n_blocks; ++i) {
    Block::decode(bytes + i * Block::kBytes, values + i * Block::kElements);
  }
}

using Decoder = void (*)(std::span<const std::byte>, float*);

Decoder decoder_of(GgmlType type) {
  switch (type) {
    case GgmlType::kF32:
      return &decode_all<Plain<float>>;
    case GgmlType::kF64:
      return &decode_all<Plain<double>>;
    case GgmlType::kI8:
      return &decode_all<Plain<std::int8_t>>;
    case GgmlType::kI16:
      return &decode_all<Plain<std::int16_t>>;
    case GgmlType::kI32:
      return &decode_all<Plain<std::int32_t>>;
    case GgmlType::kI64:
      return &decode_all<Plain<std::int64_t>>;
    case GgmlType::kF16:
      return &decode_all<F16>;
    case GgmlType::kBF16:
      return &decode_all<BF16>;
    case GgmlType::kQ4_0:
      return &decode_all<Q4_0>;
    case GgmlType::kQ4_1:
      return &decode_all<Q4_1>;
    case GgmlType::kQ5_0:
      return &decode_all<Q5_0>;
    case GgmlType::kQ5_1:
      return &decode_all<Q5_1>;
    case GgmlType::kQ8_0:
      return &decode_all<Q8_0>;
    case GgmlType::kQ4_K:
      return &decode_all<Q4_K>;
    case GgmlType::kQ5_K:
      return &decode_all<Q5_K>;
    case GgmlType::kQ6_K:
      return &decode_all<Q6_K>;
  }
  return nullptr;
}

}  // namespace

bool can_dequantise(GgmlType type) { return decoder_of(type) != nullptr; }

void dequantise(GgmlType type, std::span<const std::byte> blocks, std::span<float> values) {
  const Decoder decode = decoder_of(type);
  if (decode == nullptr) {
    throw std::invalid_argument("[dequantise] type " + std::string(name_of(type)) +
                                " is not supported");
  }
  if (blocks.size() % block_bytes(type) != 0 ||
      values.size() != blocks.size() / block_bytes(type) * block_elements(type)) {
    throw std::invalid_argument("[dequantise] " + std::to_string(blocks.size()) + " bytes of " +
                                std::string(name_of(type)) + " are not " +
                                std::to_string(values.size()) + " values");
  }
  decode(blocks, values.data());
}

}  // namespace circuit
