// A conversation as it is given. Installed; knows nothing of templates.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace circuit {

struct ChatMessage {
  std::string role;
  /// A text, or the texts of a list of {"type": "text"}, which a template may join as it likes.
  std::variant<std::string, std::vector<std::string>> content;

  bool operator==(const ChatMessage&) const = default;
};

struct Chat {
  enum class Ending : std::uint8_t {
    kAutomatic,  ///< a new reply begins, unless the last message is the assistant's
    kClosed,     ///< no reply begins
    kContinued,  ///< the last message is left open, to be gone on with
  };
  std::vector<ChatMessage> messages;
  Ending ending = Ending::kAutomatic;
  /// The day, YYYY-MM-DD, for templates that ask for today's; empty = they are told of none.
  std::string date;
};

}  // namespace circuit
