// Large zeroed memory that can live in a file: what does not fit a budget goes to the page cache
// and the disk, through the same pointers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace circuit {

enum class PagedMemoryKind : std::uint8_t {
  kResident,  ///< plain memory of the process
  kSpilled,   ///< a file without a name in the system's folder for temporary files
};

/// Owns zeroed bytes, aligned to pages; given back to the system with the object.
class PagedMemory {
 public:
  PagedMemory() = default;
  /// Throws std::runtime_error `[operation] …` when there is no room for it.
  PagedMemory(std::size_t bytes, PagedMemoryKind kind);
  ~PagedMemory();
  PagedMemory(PagedMemory&& other) noexcept;
  PagedMemory& operator=(PagedMemory&& other) noexcept;

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  PagedMemoryKind kind() const { return kind_; }

  /// Says that [begin, begin + bytes) is not needed for now: of spilled memory, whole pages of it
  /// leave the process until they are read again. Resident memory stays.
  void release(std::size_t begin, std::size_t bytes) const;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  PagedMemoryKind kind_ = PagedMemoryKind::kResident;
};

}  // namespace circuit
