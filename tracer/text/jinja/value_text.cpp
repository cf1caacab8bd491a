#include "tracer/text/jinja/value_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "tracer/text/jinja/characters.h"
#include "tracer/text/utf8.h"

namespace circuit::jinja {
namespace {

std::string repr(Run& run, const Value& value);

std::string repr_items(Run& run, const std::vector<Value>& items) {
  std::string text;
  for (const Value& item : items) text += (text.empty() ? "" : ", ") + repr(run, item);
  return text;
}

std::string repr_list(Run& run, const List& list) {
  const std::string items = repr_items(run, list.items);
  if (!list.is_tuple) return "[" + items + "]";
  return "(" + items + (list.items.size() == 1 ? ",)" : ")");
}

std::string repr_dict(Run& run, const Dict& dict) {
  std::string text;
  for (const auto& [key, value] : dict.items()) {
    text += (text.empty() ? "" : ", ") + quoted(key) + ": " + repr(run, value);
  }
  return "{" + text + "}";
}

std::string repr(Run& run, const Value& value) {
  const Run::Level level(run);
  std::string result;
  if (const MarkedText* const text = value.text()) {
    result = quoted(text->bytes());
  } else if (const List* const list = value.list()) {
    result = repr_list(run, *list);
  } else if (const Dict* const dict = value.dict()) {
    result = repr_dict(run, *dict);
  } else if (value.is_undefined()) {
    result = "Undefined";
  } else {
    result = to_text(run, value).bytes();
  }
  run.spend(result.size());
  return result;
}

class JsonWriter {
 public:
  JsonWriter(Run& run, const JsonStyle& style) : run_(run), style_(style) {}

  void write(const Value& value, int level) {
    const Run::Level guard(run_);
    const std::size_t before = json_.size();
    if (value.is_none()) {
      json_ += "null";
    } else if (const bool* const truth = value.boolean()) {
      json_ += *truth ? "true" : "false";
    } else if (const MarkedText* const text = value.text()) {
      write_text(text->bytes());
    } else if (const List* const list = value.list()) {
      write_list(*list, level);
    } else if (const Dict* const dict = value.dict()) {
      write_dict(*dict, level);
    } else if (value.integer() != nullptr || value.number() != nullptr) {
      write_number(value);
    } else {
      run_.fail("tojson of " + std::string(value.kind()) + ", which has no JSON");
    }
    if (value.list() == nullptr && value.dict() == nullptr) run_.spend(json_.size() - before);
  }

  std::string take() { return std::move(json_); }

 private:
  void write_number(const Value& value) {
    const double* const real = value.number();
    if (real != nullptr && std::isnan(*real)) {
      json_ += "NaN";
    } else if (real != nullptr && std::isinf(*real)) {
      json_ += *real > 0 ? "Infinity" : "-Infinity";
    } else {
      json_ += to_text(run_, value).bytes();
    }
  }

  void break_line(int level) {
    if (style_.indent < 0) return;
    const std::size_t spaces =
        static_cast<std::size_t>(level) * static_cast<std::size_t>(style_.indent);
    run_.spend(spaces);
    json_ += '\n';
    json_.append(spaces, ' ');
  }

  void separate(bool is_first, int level) {
    if (!is_first) json_ += style_.item_separator;
    break_line(level);
  }

  void write_list(const List& list, int level) {
    json_ += '[';
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      separate(i == 0, level + 1);
      write(list.items[i], level + 1);
    }
    if (!list.items.empty()) break_line(level);
    json_ += ']';
  }

  void write_dict(const Dict& dict, int level) {
    std::vector<const std::pair<std::string, Value>*> items;
    for (const auto& item : dict.items()) items.push_back(&item);
    if (style_.sorts_keys) {
      std::ranges::sort(
          items, {}, [](const auto* item) -> const auto& { return item->first; });
    }
    json_ += '{';
    for (std::size_t i = 0; i < items.size(); ++i) {
      separate(i == 0, level + 1);
      write_text(items[i]->first);
      json_ += style_.key_separator;
      write(items[i]->second, level + 1);
    }
    if (!items.empty()) break_line(level);
    json_ += '}';
  }

  void write_text(std::string_view text) {
    json_ += '"';
    for (std::size_t position = 0; position < text.size();) {
      write_character(next_character(text, position).value_or(U'\uFFFD'));
    }
    json_ += '"';
  }

  void write_character(char32_t character) {
    constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    const auto place =
        character < 0x80 ? kEscaped.find(static_cast<char>(character)) : kEscaped.npos;
    if (place != kEscaped.npos) {
      json_ += '\\';
      json_ += kLetters[place];
    } else if (character < 0x20 || (style_.is_ascii && character > 0x7E && character != 0x7F)) {
      write_code(character);
    } else {
      append_character(json_, character);
    }
  }

  void write_code(char32_t character) {
    if (character > 0xFFFF) {  // as two halves
      write_code(0xD800 + ((character - 0x10000) >> 10));
      write_code(0xDC00 + ((character - 0x10000) & 0x3FF));
      return;
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    json_ += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) json_ += kHex[(character >> shift) & 0xF];
  }

  Run& run_;
  const JsonStyle& style_;
  std::string json_;
};

}  // namespace

std::string float_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  std::array<char, 40> buffer;
  const double size = std::abs(number);
  const bool has_exponent = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto format = has_exponent ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format).ptr;
  std::string text(buffer.data(), end);
  if (!has_exponent && text.find('.') == text.npos) text += ".0";
  return text;
}

MarkedText to_text(Run& run, const Value& value) {
  if (const MarkedText* const text = value.text()) {
    run.spend(text->size());
    return *text;
  }
  if (value.is_undefined()) return {};
  if (value.is_none()) return MarkedText("None");
  if (const bool* const truth = value.boolean()) return MarkedText(*truth ? "True" : "False");
  if (const auto* const whole = value.integer()) return MarkedText(std::to_string(*whole));
  if (const double* const real = value.number()) return MarkedText(float_text(*real));
  if (value.list() != nullptr || value.dict() != nullptr) return MarkedText(repr(run, value));
  run.fail("cannot print " + std::string(value.kind()));
}

std::string to_json(Run& run, const Value& value, const JsonStyle& style) {
  JsonWriter writer(run, style);
  writer.write(value, 0);
  return writer.take();
}

}  // namespace circuit::jinja
