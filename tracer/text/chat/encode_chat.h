// The ids of a conversation, and which of them belong to which message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tracer/text/chat/chat_template.h"
#include "tracer/text/positions.h"
#include "tracer/text/prompt.h"
#include "tracer/text/tokenizer.h"

namespace circuit {

struct MessageTokens {
  std::string role;
  /// The whole turn, from what opens it to what closes it; nothing when the template left the
  /// message out. Turns do not overlap, but a system message that the template writes into the
  /// next turn is inside it.
  std::optional<TokenRange> turn;
  /// All tokens that hold a byte of its content; white space that the template drops is none.
  std::optional<TokenRange> content;
};

struct EncodedChat {
  std::string text;                     ///< what the template wrote
  std::vector<std::int32_t> ids;        ///< of `text`, perhaps behind a first special token
  std::vector<MessageTokens> messages;  ///< in the order of the conversation
  /// The response is the last message if that is the assistant's, else it is still to come.
  NamedPositions positions;
};

/// Encodes without the tokenizer's own special tokens, as transformers' apply_chat_template;
/// `options` says what is put before a first token that is not special. Throws what
/// ChatTemplate::render and encode_prompt throw. Costs some three more encodings of the text, and
/// many more where turns do not begin with special tokens.
EncodedChat encode_chat(const Tokenizer& tokenizer, const ChatTemplate& chat_template,
                        const Chat& chat, const PromptOptions& options);

}  // namespace circuit
