#include "transcoders/weights/content_hash.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

#include <unistd.h>
#include <xxhash.h>

#include "transcoders/weights/gguf.h"
#include "transcoders/weights/mapped_file.h"

namespace circuit {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10U;
constexpr std::size_t kBlocks = 64;
constexpr std::size_t kSmallFile = std::size_t{4} << 20U;
constexpr std::size_t kBuffer = std::size_t{1} << 20U;

using State = std::unique_ptr<XXH64_state_t, decltype(&XXH64_freeState)>;

class Hasher {
 public:
  Hasher() : state_(XXH64_createState(), &XXH64_freeState) {
    if (!state_) throw std::bad_alloc();
    XXH64_reset(state_.get(), /*seed=*/0);
  }

  void add(const void* data, std::size_t size) { XXH64_update(state_.get(), data, size); }

  void add_number(std::uint64_t number) {
    std::array<unsigned char, 8> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<unsigned char>((number >> (8 * i)) & 0xFFU);
    }
    add(bytes.data(), bytes.size());
  }

  std::string digits() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::uint64_t value = XXH64_digest(state_.get());
    std::string text(16, '0');
    for (std::size_t i = 0; i < 16; ++i) text[i] = kDigits[(value >> (60 - 4 * i)) & 0xFU];
    return text;
  }

 private:
  State state_;
};

/// Reads with pread rather than a mapping: 64 blocks are 64 calls, and a file that shrinks
/// meanwhile is an error, not a signal.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : path_(path), file_(path, "content_hash"), buffer_(kBuffer) {}

  std::size_t size() const { return file_.size(); }

  void hash_range(Hasher& hasher, std::size_t begin, std::size_t size) {
    while (size > 0) {
      const std::size_t wanted = std::min(size, buffer_.size());
      const std::size_t got = read(begin, wanted);
      hasher.add(buffer_.data(), got);
      begin += got;
      size -= got;
    }
  }

  /// Prefix and JSON of a safetensors file, at most the whole file.
  std::size_t safetensors_header() {
    std::uint64_t length = 0;
    if (size() < sizeof length || read(0, sizeof length) != sizeof length) return size();
    std::memcpy(&length, buffer_.data(), sizeof length);
    return sizeof length +
           static_cast<std::size_t>(std::min<std::uint64_t>(length, size() - sizeof length));
  }

 private:
  std::size_t read(std::size_t begin, std::size_t wanted) {
    ::ssize_t got = -1;
    do {
      got = ::pread(file_.get(), buffer_.data(), wanted, static_cast<::off_t>(begin));
    } while (got < 0 && errno == EINTR);
    if (got <= 0) throw_file_error("content_hash", path_, "cannot be read", got < 0 ? errno : EIO);
    return static_cast<std::size_t>(got);
  }

  std::filesystem::path path_;
  ScopedDescriptor file_;
  std::vector<std::byte> buffer_;
};

void hash_file(Hasher& hasher, const std::filesystem::path& path, bool whole) {
  Reader reader(path);
  const std::string name = path.filename().string();
  hasher.add(name.data(), name.size());
  hasher.add_number(0);  // no name runs into the size
  hasher.add_number(reader.size());
  if (whole || reader.size() <= kSmallFile) {
    reader.hash_range(hasher, 0, reader.size());
    return;
  }
  if (path.extension() == ".safetensors") {
    reader.hash_range(hasher, 0, reader.safetensors_header());
  } else if (GgufFile::recognises(path)) {
    reader.hash_range(hasher, 0, GgufFile::open(path).header_size());
  }
  // The last block ends with the file.
  const std::size_t last = reader.size() - kBlock;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const std::size_t step = last / (kBlocks - 1);
    const std::size_t rest = last % (kBlocks - 1);
    reader.hash_range(hasher, i * step + i * rest / (kBlocks - 1), kBlock);
  }
}

}  // namespace

std::string content_hash(std::span<const std::filesystem::path> files, bool whole) {
  std::vector<std::filesystem::path> order(files.begin(), files.end());
  std::ranges::stable_sort(order, {}, [](const auto& path) { return path.filename().string(); });
  Hasher hasher;
  for (const std::filesystem::path& path : order) hash_file(hasher, path, whole);
  return hasher.digits();
}

std::string text_hash(std::string_view text) {
  Hasher hasher;
  hasher.add(text.data(), text.size());
  return hasher.digits();
}

}  // namespace circuit
