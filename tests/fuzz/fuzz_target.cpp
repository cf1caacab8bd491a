#include "tests/fuzz/fuzz_target.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/fuzz/held_memory.h"
#include "tests/support/temp_dir.h"

namespace circuit::fuzz {
namespace {

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "fuzz: %s\n", what.c_str());
  std::abort();
}

void check_message(const std::string& message) {
  const bool has_operation = message.starts_with('[') && message.find("] ") != message.npos;
  if (!has_operation) give_up("a message without operation: " + message);
}

/// In memory where the machine has such a folder: millions of files are written.
const std::filesystem::path& scratch_folder() {
  struct Folder {
    Folder() {
      if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
      directory.emplace();
    }
    std::optional<testing::TempDir> directory;
  };
  static const Folder folder;
  return folder.directory->path();
}

}  // namespace

void use(unsigned value) { [[maybe_unused]] volatile unsigned kept = value; }

void expect_value_or_message(std::size_t size, const MemoryLimit& limit,
                             const std::function<void()>& read) {
  const HeldMemoryLimit guard(limit.per_byte * size + limit.fixed, largest_allocation(size));
  try {
    read();
  } catch (const std::runtime_error& error) {
    check_message(error.what());
  } catch (const std::invalid_argument& error) {
    check_message(error.what());
  }
}

void expect_value_or_message(std::string_view name, const std::uint8_t* bytes, std::size_t size,
                             const MemoryLimit& limit,
                             const std::function<void(const std::filesystem::path&)>& read) {
  const std::filesystem::path path = scratch_folder() / name;
  {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(size));
    if (!file.flush()) give_up("cannot write " + path.string());
  }
  expect_value_or_message(size, limit, [&] { read(path); });
}

}  // namespace circuit::fuzz
