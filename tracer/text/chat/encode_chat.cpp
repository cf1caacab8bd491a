#include "tracer/text/chat/encode_chat.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "tracer/text/utf8.h"

namespace circuit {
namespace {

std::size_t decoded_size(const Tokenizer& tokenizer, std::span<const std::int32_t> ids) {
  std::size_t size = 0;
  for (const std::int32_t id : ids) size += tokenizer.token_bytes(id).size();
  return size;
}

/// Tells tokens from bytes. A normalizer may change the text, so a place in it is found by what
/// the tokens of all before it decode to.
class TokenPlaces {
 public:
  TokenPlaces(const Tokenizer& tokenizer, std::string_view text, std::span<const std::int32_t> ids,
              std::size_t first)
      : tokenizer_(tokenizer), text_(text), first_(static_cast<std::int64_t>(first)) {
    std::size_t end = 0;
    for (const std::int32_t id : ids.subspan(first)) {
      end += tokenizer.token_bytes(id).size();
      ends_.push_back(end);
    }
  }

  /// The tokens that hold a byte of `bytes`.
  TokenRange of(const ByteRange& bytes) {
    const std::size_t begin = decoded(bytes.begin);
    const std::size_t end = decoded(bytes.end);
    if (begin == end) return {.begin = behind(begin), .end = behind(begin)};
    const auto first = std::ranges::upper_bound(ends_, begin) - ends_.begin();
    return {.begin = std::min(first_ + first, behind(end)), .end = behind(end)};
  }

 private:
  /// The first token that begins at `size` or later.
  std::int64_t behind(std::size_t size) const {
    if (size == 0) return first_;
    const auto last = std::ranges::lower_bound(ends_, size) - ends_.begin();
    const auto count = static_cast<std::ptrdiff_t>(ends_.size());
    return first_ + std::min(last + 1, count);
  }

  /// What the tokens of the first `bytes` bytes decode to.
  std::size_t decoded(std::size_t bytes) {
    const auto known = decoded_.find(bytes);
    if (known != decoded_.end()) return known->second;
    const auto& [begin, before] = *std::prev(restarts_.upper_bound(bytes));
    const auto ids =
        tokenizer_.encode(text_.substr(begin, bytes - begin), {.add_special_tokens = false});
    const std::size_t size = before + decoded_size(tokenizer_, ids);
    decoded_.emplace(bytes, size);
    if (begins_with_special(bytes)) restarts_.emplace(bytes, size);
    return size;
  }

  bool begins_with_special(std::size_t bytes) const {
    constexpr std::size_t kLongest = 64;
    std::string_view begin = text_.substr(bytes, kLongest);
    begin = begin.substr(0, find_invalid_utf8(begin).value_or(begin.size()));
    const auto ids = tokenizer_.encode(begin, {.add_special_tokens = false});
    return !ids.empty() && tokenizer_.is_special(ids.front()) &&
           begin.starts_with(tokenizer_.token_bytes(ids.front()));
  }

  const Tokenizer& tokenizer_;
  std::string_view text_;
  std::int64_t first_;                          // in front of it are no tokens of the text
  std::vector<std::size_t> ends_;               // in decoded bytes, of each token from `first_`
  std::map<std::size_t, std::size_t> decoded_;  // of the text up to a byte
  // Those of them at which a special token begins: it cuts the text, so what is behind encodes
  // alone as it does in the whole.
  std::map<std::size_t, std::size_t> restarts_ = {{0, 0}};
};

/// The turns of messages that no loop wrote: what lies between their neighbours.
void fill_turns(RenderedChat& rendered) {
  std::size_t end = 0;  // of the turns so far
  for (std::size_t i = 0; i < rendered.messages.size(); ++i) {
    RenderedMessage& message = rendered.messages[i];
    if (!message.turn && message.content) {
      const ByteRange content = *message.content;
      std::size_t next = rendered.reply;
      for (std::size_t k = i + 1; k < rendered.messages.size(); ++k) {
        const auto& other = rendered.messages[k];
        const auto& begin = other.turn ? other.turn : other.content;
        if (begin) {
          next = begin->begin;
          break;
        }
      }
      const bool is_inside_next = content.begin >= next;
      message.turn = is_inside_next ? content : ByteRange{end, std::max(next, content.end)};
    }
    if (message.turn) end = std::max(end, message.turn->end);
  }
}

/// Templates write a system message of their own into the first turn: what closes this turn then
/// stands in front of its content too. The turn begins behind that, at the next special token.
TokenRange without_default_turn(const Tokenizer& tokenizer, std::span<const std::int32_t> ids,
                                TokenRange turn, const TokenRange& content) {
  const auto at = [&](std::int64_t i) { return ids[static_cast<std::size_t>(i)]; };
  std::int64_t closing = content.end;
  while (closing < turn.end && !tokenizer.is_special(at(closing))) ++closing;
  if (closing >= turn.end) return turn;
  std::int64_t begin = -1;
  for (std::int64_t i = turn.begin; i < content.begin; ++i) {
    if (at(i) == at(closing)) begin = i + 1;
  }
  if (begin < 0) return turn;
  while (begin < content.begin && !tokenizer.is_special(at(begin))) ++begin;
  turn.begin = begin;
  return turn;
}

NamedPositions find_response(const Chat& chat, const EncodedChat& encoded) {
  const auto count = static_cast<std::int64_t>(encoded.ids.size());
  const auto& content = encoded.messages.back().content;
  if (!is_of_assistant(chat.messages.back()) || !content) return positions_of_prompt(count);
  return {.last_prompt = content->begin - 1, .response = *content};
}

}  // namespace

EncodedChat encode_chat(const Tokenizer& tokenizer, const ChatTemplate& chat_template,
                        const Chat& chat, const PromptOptions& options) {
  RenderedChat rendered = chat_template.render(chat);
  fill_turns(rendered);
  EncodedChat encoded{.text = std::move(rendered.text), .ids = {}, .messages = {}, .positions = {}};
  encoded.ids = encode_prompt(tokenizer, encoded.text, options);
  const std::size_t own = tokenizer.encode(encoded.text, {.add_special_tokens = false}).size();
  TokenPlaces places(tokenizer, encoded.text, encoded.ids, encoded.ids.size() - own);
  for (RenderedMessage& message : rendered.messages) {
    MessageTokens tokens{.role = std::move(message.role), .turn = {}, .content = {}};
    if (message.turn) tokens.turn = places.of(*message.turn);
    if (message.content) tokens.content = places.of(*message.content);
    if (tokens.turn && tokens.content && tokens.turn != tokens.content) {
      tokens.turn = without_default_turn(tokenizer, encoded.ids, *tokens.turn, *tokens.content);
    }
    encoded.messages.push_back(std::move(tokens));
  }
  encoded.positions = find_response(chat, encoded);
  return encoded;
}

}  // namespace circuit
