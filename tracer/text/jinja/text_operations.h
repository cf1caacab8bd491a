// Python's operations on texts; what they cut and join keeps its marks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/jinja/marked_text.h"
#include "tracer/text/jinja/run.h"

namespace circuit::jinja {

enum class Side : std::uint8_t { kLeft, kRight, kBoth };

/// Without `characters` white space.
MarkedText strip(Run& run, const MarkedText& text, const MarkedText* characters, Side side);

/// At most `most` cuts (negative = all), counted from the right if `from_right`; without a
/// separator at white space. Fails for an empty separator.
std::vector<MarkedText> split(Run& run, const MarkedText& text, const MarkedText* separator,
                              std::int64_t most, bool from_right);
std::vector<MarkedText> split_lines(Run& run, const MarkedText& text, bool keeps_ends);

/// The first `most` places (negative = all).
MarkedText replace(Run& run, const MarkedText& text, std::string_view from, const MarkedText& to,
                   std::int64_t most);

MarkedText capitalize(const MarkedText& text);
/// The filter: words begin at the start and behind - ( { [ < and white space.
MarkedText title_words(const MarkedText& text);

/// The same marks around a text of another length, as changing letters makes it.
MarkedText with_marks_of(const MarkedText& from, std::string bytes);

}  // namespace circuit::jinja
