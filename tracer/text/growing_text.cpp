#include "tracer/text/growing_text.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace circuit {
namespace {

constexpr std::string_view kIncomplete = "\xEF\xBF\xBD";  // U+FFFD

// How much of the end of `text` may be the beginning of `stop`.
std::size_t begun(std::string_view text, std::string_view stop) {
  for (std::size_t length = std::min(text.size(), stop.size() - 1); length > 0; --length) {
    if (text.ends_with(stop.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

GrowingText::GrowingText(const Tokenizer* tokenizer, std::vector<std::string> stop)
    : tokenizer_(tokenizer), stop_(std::move(stop)) {
  std::erase(stop_, "");
}

std::string GrowingText::give(const std::string& all, std::size_t end) {
  if (end <= given_.size()) return {};
  std::string piece = all.substr(given_.size(), end - given_.size());
  given_ += piece;
  return piece;
}

std::string GrowingText::add(std::int32_t id) {
  ids_.push_back(id);
  if (tokenizer_ == nullptr || stopped_) return {};
  const std::string all = tokenizer_->decode(ids_);
  std::size_t end = all.size();
  for (const std::string& stop : stop_) {
    const std::size_t found = all.find(stop, given_.size());
    if (found != std::string::npos) {
      stopped_ = true;
      end = std::min(end, found);
    }
  }
  if (stopped_) return give(all, end);
  while (std::string_view(all).substr(0, end).ends_with(kIncomplete)) end -= kIncomplete.size();
  std::size_t held = 0;
  for (const std::string& stop : stop_) {
    held = std::max(held, begun(std::string_view(all).substr(0, end), stop));
  }
  return give(all, end - held);
}

std::string GrowingText::finish() {
  if (tokenizer_ == nullptr || stopped_ || ids_.empty()) return {};
  const std::string all = tokenizer_->decode(ids_);
  return give(all, all.size());
}

}  // namespace circuit
