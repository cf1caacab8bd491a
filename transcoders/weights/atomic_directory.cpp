#include "transcoders/weights/atomic_directory.h"

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <unistd.h>

#include "transcoders/weights/mapped_file.h"

namespace circuit {
namespace {

/// "a/b/" names b, like "a/b".
std::filesystem::path without_slash(const std::filesystem::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

void check_free(std::string_view operation, const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return;
  if (std::filesystem::is_directory(path, error) && std::filesystem::is_empty(path, error)) return;
  throw std::runtime_error("[" + std::string(operation) + "] " + path.string() +
                           ": is there already, expected a new or empty directory");
}

}  // namespace

AtomicDirectory::AtomicDirectory(const std::filesystem::path& path, std::string_view operation)
    : path_(without_slash(path)), operation_(operation) {
  check_free(operation_, path_);
  const std::filesystem::path parent = path_.parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) throw_file_error(operation_, parent, "cannot be made", error.value());
  const std::filesystem::path partial = path_.string() + ".partial." + std::to_string(::getpid());
  // A process of the same number may have left one.
  std::filesystem::remove_all(partial, error);
  if (!std::filesystem::create_directory(partial, error)) {
    throw_file_error(operation_, partial, "cannot be made", error ? error.value() : EEXIST);
  }
  partial_ = partial;
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (!partial_.empty()) std::filesystem::remove_all(partial_, ignored);
}

void AtomicDirectory::commit() {
  check_free(operation_, path_);
  std::error_code error;
  std::filesystem::remove(path_, error);  // an empty one stands in the way of some systems
  std::filesystem::rename(partial_, path_, error);
  if (error) throw_file_error(operation_, path_, "cannot be renamed into place", error.value());
  partial_.clear();
}

}  // namespace circuit
