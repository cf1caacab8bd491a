// A model's chat template: messages in, the text that the model reads out.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/chat_message.h"
#include "tracer/text/jinja/template.h"

namespace circuit {

/// Bytes [begin, end) of a text.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool operator==(const ByteRange&) const = default;
};

struct RenderedMessage {
  std::string role;
  /// Its content as the template wrote it, perhaps without white space at its ends; nothing when
  /// the template left it out.
  std::optional<ByteRange> content;
  /// What the template wrote in the message's turn of a loop over the messages, if it did.
  std::optional<ByteRange> turn;
};

struct RenderedChat {
  std::string text;
  std::vector<RenderedMessage> messages;
  /// Where the opening of a new reply begins; the size of `text` when none was asked for.
  std::size_t reply = 0;
};

class ChatTemplate {
 public:
  /// `name` (a file) is for messages; `special_tokens` are the texts that the template knows as
  /// `bos_token`, `eos_token` and so on. Throws like jinja::Template::parse.
  static ChatTemplate parse(std::string_view source, std::string name,
                            std::map<std::string, std::string> special_tokens);

  /// What transformers' apply_chat_template gives. Throws std::invalid_argument when there is no
  /// message, a text is not valid UTF-8, the date is none, or a message that is to be continued is
  /// not there or left out by the template, std::runtime_error `[chat_template] NAME:LINE: …` for
  /// what the template does not support.
  RenderedChat render(const Chat& chat, const jinja::Limits& limits = {}) const;

 private:
  ChatTemplate(jinja::Template parsed, std::map<std::string, std::string> special_tokens)
      : template_(std::move(parsed)), special_tokens_(std::move(special_tokens)) {}

  jinja::MarkedText run(const Chat& chat, bool begins_reply, const jinja::Limits& limits) const;

  jinja::Template template_;
  std::map<std::string, std::string> special_tokens_;
};

/// Whether the message is one that the model would write.
bool is_of_assistant(const ChatMessage& message);

/// Throws std::invalid_argument when `text` is no day YYYY-MM-DD.
jinja::Date parse_date(std::string_view text);

}  // namespace circuit
