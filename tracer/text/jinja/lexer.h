// Cuts a template into text and the tokens of its tags, with the white space rules of Jinja under
// trim_blocks and lstrip_blocks, as transformers sets them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace circuit::jinja {

struct Token {
  enum class Kind : std::uint8_t {
    kText,        ///< outside of tags
    kPrintBegin,  ///< {{
    kPrintEnd,    ///< }}
    kBlockBegin,  ///< {%
    kBlockEnd,    ///< %}
    kName,
    kInteger,
    kFloat,
    kString,  ///< `text` without quotes and escapes
    kOperator,
    kEnd,  ///< of the template; the last one
  };
  Kind kind = Kind::kEnd;
  std::string text;
  std::int64_t integer = 0;
  double number = 0;
  int line = 1;
};

/// `name` is for messages. Throws std::runtime_error `[chat_template] NAME:LINE: …`; `source` must
/// be valid UTF-8.
std::vector<Token> cut_template(std::string_view source, std::string_view name);

}  // namespace circuit::jinja
