// The members of a zip file in memory. Non-goals: encryption, several disks, methods other than
// stored and deflate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace circuit {

struct ZipMember {
  std::string name;
  std::span<const std::byte> stored;  ///< as they lie in the file
  bool deflated = false;
  std::uint64_t size = 0;  ///< unpacked, as the directory says
  std::uint32_t crc = 0;   ///< of the unpacked bytes
};

/// Reads the central directory (zip64 as well) and checks every member against its local header:
/// inside the file, no overlap, no name twice. Throws std::runtime_error with what is wrong,
/// without operation and path.
std::vector<ZipMember> read_zip_directory(std::span<const std::byte> file);

/// The bytes of a deflated member. Throws std::runtime_error like above when they are damaged, or
/// their size or checksum is not the promised one; never allocates more than `size`.
std::vector<std::byte> unpack(const ZipMember& member);

}  // namespace circuit
