// The lines of a text file, packed with gzip or not, one in memory at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct gzFile_s;

namespace circuit {

struct TextLimits {
  std::size_t longest_line = 16ULL << 20;  ///< bytes
  /// A packed file may unpack to this many times its size (and 1 MiB): text with numbers packs to
  /// a tenth, files made to fill a disk to a thousandth.
  double most_unpacked = 200;
};

class TextLines {
 public:
  /// `operation` begins the messages of errors. Throws std::runtime_error `[operation] PATH: …`
  /// when it cannot be opened.
  TextLines(std::filesystem::path path, std::string operation, const TextLimits& limits = {});
  ~TextLines();
  TextLines(const TextLines&) = delete;  // owns a file
  TextLines& operator=(const TextLines&) = delete;

  /// The next line without its end, valid until the next call; nothing behind the last one. Throws
  /// std::runtime_error for a file that cannot be read or unpacked, and past the limits.
  std::optional<std::string_view> next();

  /// Throws std::runtime_error `[operation] PATH:LINE: what` about the line that `next` gave.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  bool read_more();
  [[noreturn]] void fail_file(const std::string& what) const;

  std::filesystem::path path_;
  std::string operation_;
  TextLimits limits_;
  std::unique_ptr<gzFile_s, int (*)(gzFile_s*)> file_;
  std::string buffer_;  // what has been read and is not yet given, from `begin_` on
  std::size_t begin_ = 0;
  std::uint64_t unpacked_ = 0;
  std::size_t line_ = 0;
};

}  // namespace circuit
