// The text of tokens as they come one by one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tracer/text/tokenizer.h"

namespace circuit {

/// Gives text out only when it cannot change any more: not the bytes of a character that later
/// tokens may complete, and not what may be the beginning of a text that stops.
class GrowingText {
 public:
  /// Without a tokenizer there is no text.
  GrowingText(const Tokenizer* tokenizer, std::vector<std::string> stop);

  /// What can be given out now that was not before.
  std::string add(std::int32_t id);
  /// The rest, when no token follows.
  std::string finish();

  /// Whether one of the stop texts has come; what is from it on is not part of the text.
  bool is_stopped() const { return stopped_; }
  /// All that was given out.
  const std::string& text() const { return given_; }

 private:
  std::string give(const std::string& all, std::size_t end);

  const Tokenizer* tokenizer_;
  std::vector<std::string> stop_;
  std::vector<std::int32_t> ids_;
  std::string given_;
  bool stopped_ = false;
};

}  // namespace circuit
