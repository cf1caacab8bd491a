#include "tracer/machine/paged_memory.h"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace circuit {
namespace {

[[noreturn]] void fail(const std::string& what, std::size_t bytes, int error) {
  throw std::runtime_error("[memory] " + what + ", expected room for " + std::to_string(bytes) +
                           " bytes (" + std::generic_category().message(error) + ")");
}

// Opens a file that nobody else sees, with its blocks on the disk: a full disk shows here, not as a
// signal when memory is written.
int open_spill_file(std::size_t bytes) {
  const char* const chosen = std::getenv("TMPDIR");
  const std::string folder = chosen != nullptr ? chosen : "/tmp";
  std::string path = folder + "/circuit-rows-XXXXXX";
  const int file = ::mkstemp(path.data());
  if (file < 0) fail(folder + ": no temporary file can be made", bytes, errno);
  ::unlink(path.c_str());
  const int error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
  if (error != 0) {
    ::close(file);
    fail(folder + ": the temporary file cannot grow", bytes, error);
  }
  return file;
}

}  // namespace

PagedMemory::PagedMemory(std::size_t bytes, PagedMemoryKind kind) : size_(bytes), kind_(kind) {
  if (bytes == 0) return;
  const bool spilled = kind == PagedMemoryKind::kSpilled;
  const int file = spilled ? open_spill_file(bytes) : -1;
  void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         spilled ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, file, 0);
  const int error = errno;
  if (spilled) ::close(file);
  if (address == MAP_FAILED) fail("memory cannot be mapped", bytes, error);
  data_ = static_cast<std::byte*>(address);
}

PagedMemory::~PagedMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

PagedMemory::PagedMemory(PagedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      kind_(other.kind_) {}

PagedMemory& PagedMemory::operator=(PagedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(kind_, other.kind_);
  return *this;
}

void PagedMemory::release(std::size_t begin, std::size_t bytes) const {
  if (kind_ != PagedMemoryKind::kSpilled) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t first = (begin + page - 1) / page * page;
  const std::size_t last = (begin + bytes) / page * page;
  if (first < last) ::madvise(data_ + first, last - first, MADV_DONTNEED);
}

}  // namespace circuit
