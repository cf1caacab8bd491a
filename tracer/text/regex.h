// Finds a pattern of a tokenizer.json in text, with the matches that Hugging Face's library finds.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

/// A part of a text: a match of the pattern or what lies between matches.
struct TextPart {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool is_match = false;
};

/// Compiled once; may be used from several threads at once.
class Regex {
 public:
  /// A pattern in Oniguruma's syntax. Throws std::invalid_argument when it does not compile or
  /// uses a construct that is not supported.
  static Regex from_pattern(std::string_view pattern);
  /// Matches `text` itself. Throws std::invalid_argument when it is empty.
  static Regex from_literal(std::string_view text);

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  /// Replaces `parts` by the matches in `text` and the gaps between them, in order; together they
  /// cover it. Requires valid UTF-8. Throws std::runtime_error when matching runs out of memory.
  void split(std::string_view text, std::vector<TextPart>& parts) const;

 private:
  struct Impl;
  explicit Regex(std::unique_ptr<const Impl> impl);

  std::unique_ptr<const Impl> impl_;
};

}  // namespace circuit
