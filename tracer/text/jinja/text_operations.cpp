#include "tracer/text/jinja/text_operations.h"

#include <algorithm>

#include "tracer/text/jinja/characters.h"

namespace circuit::jinja {
namespace {

std::size_t times(std::int64_t most, std::size_t all) {
  return most < 0 ? all : std::min(static_cast<std::size_t>(most), all);
}

MarkedText cut(Run& run, const MarkedText& text, std::size_t begin, std::size_t end) {
  run.spend(end - begin + text.marks().size() + sizeof(MarkedText));
  return text.part(begin, end);
}

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Where `separator` stands, the last ones from the right where there are more than `most`.
std::vector<Range> find_all(std::string_view text, std::string_view separator, std::int64_t most,
                            bool from_right) {
  std::vector<Range> found;
  const std::size_t limit = times(most, text.size());
  if (from_right) {
    for (std::size_t end = text.size(); found.size() < limit && end >= separator.size();) {
      const std::size_t place = text.rfind(separator, end - separator.size());
      if (place == text.npos) break;
      found.push_back({place, place + separator.size()});
      end = place;
    }
    std::ranges::reverse(found);
    return found;
  }
  for (std::size_t begin = 0; found.size() < limit;) {
    const std::size_t place = text.find(separator, begin);
    if (place == text.npos) break;
    begin = place + separator.size();
    found.push_back({place, begin});
  }
  return found;
}

/// The runs of characters that are no white space.
std::vector<Range> find_words(std::string_view text) {
  std::vector<Range> words;
  bool is_inside = false;
  const std::vector<std::size_t> starts = character_starts(text);
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const bool is_white = trimmed_begin(text.substr(starts[i], starts[i + 1] - starts[i])) > 0;
    if (!is_white && !is_inside) words.push_back({starts[i], starts[i + 1]});
    if (!is_white) words.back().end = starts[i + 1];
    is_inside = !is_white;
  }
  return words;
}

/// What is left beyond the last cut keeps the white space of its far end.
std::vector<MarkedText> split_words(Run& run, const MarkedText& text, std::int64_t most,
                                    bool from_right) {
  std::vector<Range> words = find_words(text.bytes());
  const std::size_t count = times(most, words.size());
  if (count < words.size() && from_right) {
    const auto rest = words.end() - static_cast<std::ptrdiff_t>(count);
    words.erase(words.begin(), rest - 1);
    words.front().begin = 0;
  } else if (count < words.size()) {
    words.resize(count + 1);
    words.back().end = text.size();
  }
  std::vector<MarkedText> parts;
  for (const Range& word : words) parts.push_back(cut(run, text, word.begin, word.end));
  return parts;
}

bool is_line_end(std::string_view character) {
  static constexpr std::string_view kEnds[] = {
      "\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
  return std::ranges::find(kEnds, character) != std::end(kEnds);
}

}  // namespace

MarkedText strip(Run& run, const MarkedText& text, const MarkedText* characters, Side side) {
  const std::string_view bytes = text.bytes();
  run.spend(bytes.size() / 4 + 1);
  std::size_t begin = 0;
  std::size_t end = bytes.size();
  if (characters == nullptr) {
    if (side != Side::kLeft) end = trimmed_end(bytes);
    if (side != Side::kRight) begin = trimmed_begin(bytes.substr(0, end));
    return cut(run, text, begin, end);
  }
  const std::vector<std::size_t> starts = character_starts(bytes);
  std::size_t first = 0;
  std::size_t last = starts.size() - 1;
  const auto is_stripped = [&](std::size_t i) {
    run.spend(characters->size() / 16 + 1);
    const auto character = bytes.substr(starts[i], starts[i + 1] - starts[i]);
    return characters->bytes().find(character) != std::string::npos;
  };
  if (side != Side::kRight) {
    while (first < last && is_stripped(first)) ++first;
  }
  if (side != Side::kLeft) {
    while (last > first && is_stripped(last - 1)) --last;
  }
  return cut(run, text, starts[first], starts[last]);
}

std::vector<MarkedText> split(Run& run, const MarkedText& text, const MarkedText* separator,
                              std::int64_t most, bool from_right) {
  run.spend(text.size());
  if (separator == nullptr) return split_words(run, text, most, from_right);
  if (separator->empty()) run.fail("split: the separator is empty");
  std::vector<MarkedText> parts;
  std::size_t begin = 0;
  for (const Range& one : find_all(text.bytes(), separator->bytes(), most, from_right)) {
    parts.push_back(cut(run, text, begin, one.begin));
    begin = one.end;
  }
  parts.push_back(cut(run, text, begin, text.size()));
  return parts;
}

std::vector<MarkedText> split_lines(Run& run, const MarkedText& text, bool keeps_ends) {
  const std::string_view bytes = text.bytes();
  run.spend(bytes.size());
  const std::vector<std::size_t> starts = character_starts(bytes);
  std::vector<MarkedText> lines;
  std::size_t begin = 0;
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    if (!is_line_end(bytes.substr(starts[i], starts[i + 1] - starts[i]))) continue;
    const std::size_t content_end = starts[i];
    if (bytes.substr(starts[i]).starts_with("\r\n")) ++i;
    lines.push_back(cut(run, text, begin, keeps_ends ? starts[i + 1] : content_end));
    begin = starts[i + 1];
  }
  if (begin < bytes.size()) lines.push_back(cut(run, text, begin, bytes.size()));
  return lines;
}

MarkedText replace(Run& run, const MarkedText& text, std::string_view from, const MarkedText& to,
                   std::int64_t most) {
  run.spend(text.size());
  std::vector<Range> places;
  if (from.empty()) {
    for (const std::size_t start : character_starts(text.bytes())) places.push_back({start, start});
    places.resize(times(most, places.size()));
  } else {
    places = find_all(text.bytes(), from, most, /*from_right=*/false);
  }
  MarkedText result;
  std::size_t begin = 0;
  for (const Range& place : places) {
    run.spend(to.size() + to.marks().size());
    if (place.begin > begin) result.append(cut(run, text, begin, place.begin));
    result.append(to);
    begin = place.end;
  }
  if (begin < text.size() || places.empty()) result.append(cut(run, text, begin, text.size()));
  return result;
}

MarkedText with_marks_of(const MarkedText& from, std::string bytes) {
  MarkedText result(std::move(bytes));
  const std::size_t size = result.size();
  for (const Mark& mark : from.marks()) {
    // Where letters changed their length inside, only the ends of the text are sure.
    const std::size_t end = mark.end == from.size() ? size : std::min(mark.end, size);
    result.mark(std::min(mark.begin, end), end, mark.tag);
  }
  return result;
}

MarkedText capitalize(const MarkedText& text) {
  const std::string_view first = first_character(text.bytes());
  const std::string_view rest = std::string_view(text.bytes()).substr(first.size());
  return with_marks_of(text, to_title(first) + to_lower(rest));
}

MarkedText title_words(const MarkedText& text) {
  std::string result;
  std::string word;
  const auto end_word = [&] {
    const std::string_view first = first_character(word);
    result += to_upper(first) + to_lower(std::string_view(word).substr(first.size()));
    word.clear();
  };
  const std::string_view bytes = text.bytes();
  const std::vector<std::size_t> starts = character_starts(bytes);
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const std::string_view character = bytes.substr(starts[i], starts[i + 1] - starts[i]);
    const bool is_break = trimmed_begin(character) > 0 ||
                          (character.size() == 1 &&
                           std::string_view("-({[<").find(character[0]) != std::string_view::npos);
    if (!is_break) {
      word += character;
      continue;
    }
    end_word();
    result += character;
  }
  end_word();
  return with_marks_of(text, std::move(result));
}

}  // namespace circuit::jinja
