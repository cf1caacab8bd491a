#include "tracer/text/jinja/marked_text.h"

#include <algorithm>

namespace circuit::jinja {

void MarkedText::append(const MarkedText& other) {
  const std::size_t offset = bytes_.size();
  bytes_ += other.bytes_;
  const std::size_t count = other.marks_.size();  // `other` may be *this
  for (std::size_t i = 0; i < count; ++i) {
    const Mark added = other.marks_[i];
    mark(offset + added.begin, offset + added.end, added.tag);
  }
}

MarkedText MarkedText::part(std::size_t begin, std::size_t end) const {
  MarkedText result(bytes_.substr(begin, end - begin));
  for (const Mark& mark : marks_) {
    if (mark.begin > end || mark.end < begin) continue;
    const std::size_t first = std::max(mark.begin, begin);
    const std::size_t last = std::min(mark.end, end);
    const bool is_cut_to_nothing = first == last && mark.begin != mark.end;
    if (is_cut_to_nothing && !result.empty()) continue;
    result.mark(first - begin, last - begin, mark.tag);
  }
  return result;
}

void MarkedText::mark(std::size_t begin, std::size_t end, std::int32_t tag) {
  if (!marks_.empty() && marks_.back().tag == tag && marks_.back().end == begin) {
    marks_.back().end = end;  // keeps what was cut and joined again as one
    return;
  }
  marks_.push_back({begin, end, tag});
}

}  // namespace circuit::jinja
