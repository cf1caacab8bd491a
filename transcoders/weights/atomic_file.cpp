#include "transcoders/weights/atomic_file.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "transcoders/weights/mapped_file.h"

namespace circuit {
namespace {

struct Opened {
  int descriptor = -1;
  std::filesystem::path path;
};

/// O_EXCL keeps a second writer in this process, or one that crashed, from sharing the file.
Opened open_partial(const std::filesystem::path& path) {
  const std::string stem = path.string() + ".partial." + std::to_string(::getpid());
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const std::string name = attempt == 0 ? stem : stem + "." + std::to_string(attempt);
    const int descriptor =
        ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);  // less the umask
    if (descriptor >= 0 || errno != EEXIST) return {descriptor, name};
  }
  return {-1, {}};
}

/// Without it the new name may be lost when the machine loses power; some file systems refuse.
void sync_directory(const std::filesystem::path& directory) {
  const char* name = directory.empty() ? "." : directory.c_str();
  const int descriptor = ::open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(const std::filesystem::path& path, std::string_view operation)
    : path_(path), operation_(operation) {
  Opened opened = open_partial(path_);
  if (opened.descriptor < 0) fail("cannot be created", errno);
  descriptor_ = opened.descriptor;
  partial_ = std::move(opened.path);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!partial_.empty()) ::unlink(partial_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  // The kernel writes at most 2 GiB at once; smaller pieces also end sooner on a signal.
  constexpr std::size_t kLargest = std::size_t{1} << 30U;
  while (!bytes.empty()) {
    const ::ssize_t written = ::write(descriptor_, bytes.data(), std::min(bytes.size(), kLargest));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("cannot be written", written < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail("cannot be flushed to the disk", errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("cannot be closed", errno);
  if (::rename(partial_.c_str(), path_.c_str()) != 0) fail("cannot be renamed into place", errno);
  partial_.clear();
  sync_directory(path_.parent_path());
}

void AtomicFile::fail(std::string_view reason, int error) const {
  throw_file_error(operation_, path_, reason, error);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace circuit
