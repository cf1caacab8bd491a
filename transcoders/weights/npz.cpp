#include "transcoders/weights/npz.h"

#include <stdexcept>
#include <utility>
#include <vector>

#include "transcoders/weights/mapped_file.h"
#include "transcoders/weights/npy_header.h"
#include "transcoders/weights/printable_name.h"
#include "transcoders/weights/zip_directory.h"

namespace circuit {
namespace {

constexpr std::string_view kOperation = "open_npz";
constexpr std::string_view kSuffix = ".npy";
// Weights hardly compress; what grows more than this is no archive of weights but a trap.
constexpr std::uint64_t kMostGrowth = 4;
constexpr std::uint64_t kAlwaysAllowed = std::uint64_t{1} << 20U;

struct Contents : TensorTable {
  explicit Contents(const std::filesystem::path& file)
      : TensorTable{.path = file, .tensors = {}}, map(file, kOperation) {}

  MappedFile map;
  std::vector<std::vector<std::byte>> unpacked;
};

/// Bytes that the array takes; more than any file when they do not fit in 63 bits.
std::uint64_t bytes_of(const NpyHeader& header) {
  for (const std::int64_t size : header.shape) {
    if (size == 0) return 0;
  }
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62U;
  std::uint64_t total = size_of(header.dtype);
  for (const std::int64_t size : header.shape) {
    if (static_cast<std::uint64_t>(size) > kMost / total) return kMost;
    total *= static_cast<std::uint64_t>(size);
  }
  return total;
}

TensorView read_array(std::span<const std::byte> bytes) {
  NpyHeader header = read_npy_header(bytes);
  const std::uint64_t needed = bytes_of(header);
  const std::span<const std::byte> data = bytes.subspan(header.size);
  if (needed != data.size()) {
    throw std::runtime_error("holds " + std::to_string(data.size()) + " bytes, " +
                             std::string(name_of(header.dtype)) + " " + to_string(header.shape) +
                             " needs " + std::to_string(needed));
  }
  return {.dtype = header.dtype,
          .shape = std::move(header.shape),
          .bytes = data,
          .column_major = header.column_major};
}

void check_growth(const std::vector<ZipMember>& members, std::uint64_t file_size) {
  const std::uint64_t most = kMostGrowth * file_size + kAlwaysAllowed;
  std::uint64_t total = 0;
  for (const ZipMember& member : members) {
    if (!member.deflated) continue;
    total = member.size > most ? most + 1 : total + member.size;
    if (total > most) {
      throw std::runtime_error("its compressed members unpack to more than " +
                               std::to_string(kMostGrowth) + " times the size of the file");
    }
  }
}

void read_members(Contents& contents) {
  const std::vector<ZipMember> members = read_zip_directory(contents.map.bytes());
  check_growth(members, contents.map.bytes().size());
  for (const ZipMember& member : members) {
    if (member.deflated) contents.unpacked.push_back(unpack(member));
    const std::span<const std::byte> bytes =
        member.deflated ? std::span<const std::byte>(contents.unpacked.back()) : member.stored;
    std::string name = member.name;
    if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
    try {
      TensorView view = read_array(bytes);
      view.mapped = !member.deflated;
      if (!contents.tensors.emplace(name, std::move(view)).second) {
        throw std::runtime_error("the name stands twice");
      }
    } catch (const std::runtime_error& error) {
      throw std::runtime_error("array " + printable_name(name) + ": " + error.what());
    }
  }
}

}  // namespace

std::shared_ptr<const TensorTable> open_npz(const std::filesystem::path& path) {
  auto contents = std::make_shared<Contents>(path);
  try {
    read_members(*contents);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("[open_npz] " + path.string() + ": " + error.what());
  }
  return contents;
}

}  // namespace circuit
