// The normalizer of a tokenizer.json: what is done to the characters before splitting.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

struct NormalizerStep {
  enum class Kind { kNfc, kNfd, kNfkc, kNfkd, kLowercase, kPrepend, kReplace };
  Kind kind = Kind::kNfc;
  std::string pattern;  ///< replace: what is looked for, not empty
  std::string content;  ///< replace and prepend: what is put in
};

/// May be used from several threads at once.
class Normalizer {
 public:
  explicit Normalizer(std::vector<NormalizerStep> steps);
  Normalizer(Normalizer&&) noexcept;
  Normalizer& operator=(Normalizer&&) noexcept;
  ~Normalizer();

  bool changes_nothing() const;
  /// Applies the steps in order. Requires valid UTF-8; an empty text stays empty. Throws
  /// std::invalid_argument when there are 2 GiB of text to compose.
  std::string normalize(std::string_view text) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

/// `text` with each `pattern`, which is not empty, replaced from left to right.
std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content);

}  // namespace circuit
