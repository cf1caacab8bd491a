#include "transcoders/weights/mapped_file.h"

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace circuit {

void throw_file_error(std::string_view operation, const std::filesystem::path& path,
                      std::string_view reason, int error) {
  throw std::runtime_error("[" + std::string(operation) + "] " + path.string() + ": " +
                           std::string(reason) + " (" + std::generic_category().message(error) +
                           ")");
}

ScopedDescriptor::ScopedDescriptor(const std::filesystem::path& path, std::string_view operation) {
  // Without O_NONBLOCK a named pipe would block here for ever.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) throw_file_error(operation, path, "cannot be opened", errno);
  struct stat status {};
  const int failed = ::fstat(descriptor_, &status);
  const int error = failed != 0 ? errno : (S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  if (failed != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw_file_error(operation, path, failed != 0 ? "has no status" : "is not a regular file",
                     error);
  }
  size_ = static_cast<std::size_t>(status.st_size);
}

ScopedDescriptor::~ScopedDescriptor() { ::close(descriptor_); }

MappedFile::MappedFile(const std::filesystem::path& path, std::string_view operation) {
  const ScopedDescriptor file(path, operation);
  size_ = file.size();
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) throw_file_error(operation, path, "cannot be mapped", errno);
  data_ = static_cast<const std::byte*>(address);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void release_pages(std::span<const std::byte> mapped) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(mapped.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + mapped.size()) / page * page;
  if (first >= last) return;
  // The mapping is private and read only, so its pages hold nothing that is not in the file.
  static_cast<void>(::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED));
}

}  // namespace circuit
