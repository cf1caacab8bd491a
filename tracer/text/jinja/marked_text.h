// A UTF-8 text that remembers where parts of it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace circuit::jinja {

/// Bytes [begin, end) came from what the caller called `tag`; begin == end for an empty text.
struct Mark {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::int32_t tag = 0;

  bool operator==(const Mark&) const = default;
};

/// Everything that cuts and joins texts does it by `part` and `append`, which keep the marks.
class MarkedText {
 public:
  MarkedText() = default;
  explicit MarkedText(std::string bytes) : bytes_(std::move(bytes)) {}
  /// All of it, also nothing, is marked.
  MarkedText(std::string bytes, std::int32_t tag)
      : bytes_(std::move(bytes)), marks_{{0, bytes_.size(), tag}} {}

  const std::string& bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  const std::vector<Mark>& marks() const { return marks_; }

  void append(std::string_view bytes) { bytes_ += bytes; }
  void append(const MarkedText& other);

  /// Bytes [begin, end). A mark that is cut to nothing stays only when all of the text is.
  MarkedText part(std::size_t begin, std::size_t end) const;

  /// Requires begin <= end <= size().
  void mark(std::size_t begin, std::size_t end, std::int32_t tag);

 private:
  std::string bytes_;
  std::vector<Mark> marks_;
};

}  // namespace circuit::jinja
