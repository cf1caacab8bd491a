#include "export/text/text_lines.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <zlib.h>

namespace circuit {
namespace {

constexpr std::size_t kStep = 256ULL << 10;
constexpr double kAlwaysUnpacked = 1 << 20;

}  // namespace

TextLines::TextLines(std::filesystem::path path, std::string operation, const TextLimits& limits)
    : path_(std::move(path)),
      operation_(std::move(operation)),
      limits_(limits),
      file_(nullptr, &::gzclose) {
  if (std::filesystem::is_directory(path_)) fail_file("is a folder, expected a file");
  errno = 0;
  file_.reset(::gzopen(path_.c_str(), "rb"));
  if (!file_) fail_file(std::string("cannot be opened (") + std::strerror(errno) + ")");
}

TextLines::~TextLines() = default;

void TextLines::fail(const std::string& what) const {
  throw std::runtime_error("[" + operation_ + "] " + path_.string() + ":" + std::to_string(line_) +
                           ": " + what);
}

void TextLines::fail_file(const std::string& what) const {
  throw std::runtime_error("[" + operation_ + "] " + path_.string() + ": " + what);
}

bool TextLines::read_more() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kStep);
  const int count = ::gzread(file_.get(), buffer_.data() + before, kStep);
  buffer_.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
  int error = Z_OK;
  const char* const message = ::gzerror(file_.get(), &error);
  if (error != Z_OK && error != Z_STREAM_END) {
    fail_file(error == Z_ERRNO ? std::string("cannot be read (") + std::strerror(errno) + ")"
                               : std::string("cannot be unpacked (") + message + ")");
  }
  unpacked_ += buffer_.size() - before;
  const auto packed = static_cast<double>(::gzoffset(file_.get()));
  if (static_cast<double>(unpacked_) > kAlwaysUnpacked + limits_.most_unpacked * packed) {
    fail_file("unpacks to more than " + std::to_string(static_cast<int>(limits_.most_unpacked)) +
              " times its size");
  }
  return count > 0;
}

std::optional<std::string_view> TextLines::next() {
  ++line_;
  std::size_t searched = begin_;
  while (true) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != buffer_.npos) {
      std::string_view line = std::string_view(buffer_).substr(begin_, end - begin_);
      begin_ = end + 1;
      if (line.ends_with('\r')) line.remove_suffix(1);
      return line;
    }
    const std::size_t waiting = buffer_.size() - begin_;
    if (waiting > limits_.longest_line) {
      fail("is longer than " + std::to_string(limits_.longest_line) + " bytes");
    }
    searched = waiting;  // `read_more` moves what waits to the front
    if (read_more()) continue;
    if (waiting == 0) return std::nullopt;
    begin_ = buffer_.size();
    return std::string_view(buffer_).substr(0, waiting);
  }
}

}  // namespace circuit
