#include "tracer/serve/open_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "export/text/output_text.h"

namespace circuit::serve {
namespace {

constexpr std::size_t kCopyStep = 1ULL << 20;

[[noreturn]] void fail_copy() {
  const int error = errno;
  throw std::runtime_error(std::string("[serve] no memory for a copy of a file (") +
                           std::strerror(error) + ")");
}

}  // namespace

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      version_(std::move(other.version_)) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  size_ = other.size_;
  version_ = std::move(other.version_);
  return *this;
}

std::string OpenFile::read(std::uint64_t begin, std::size_t size) const {
  std::string bytes(begin < size_ ? std::min<std::uint64_t>(size, size_ - begin) : 0, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::pread(descriptor_, bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(begin + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

FileCopy::FileCopy(const OpenFile& file, std::uint64_t size)
    : descriptor_(::memfd_create("circuit-serve", MFD_CLOEXEC)) {
  if (descriptor_ < 0) fail_copy();
  bool written = ::ftruncate(descriptor_, static_cast<off_t>(file.size())) == 0;
  for (std::uint64_t begin = 0; written && begin < size; begin += kCopyStep) {
    const std::string bytes = file.read(begin, std::min<std::uint64_t>(kCopyStep, size - begin));
    written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(begin)) ==
              static_cast<ssize_t>(bytes.size());
  }
  if (written) return;
  ::close(descriptor_);
  fail_copy();
}

FileCopy::~FileCopy() { ::close(descriptor_); }

std::filesystem::path FileCopy::path() const {
  return "/proc/self/fd/" + std::to_string(descriptor_);
}

std::string FileCopy::with_name(const std::string& name, std::string text) const {
  const std::string own = path().string();
  for (std::size_t at = text.find(own); at != text.npos; at = text.find(own, at + name.size())) {
    text.replace(at, own.size(), name);
  }
  return one_line(text);
}

}  // namespace circuit::serve
