// Conversations as JSON: [{"role": …, "content": …}, …] (docs/formats.md, Chats).
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "tracer/text/chat_message.h"

namespace circuit {

/// Throws std::invalid_argument `chat[1].role is a number, expected a string` and the like.
std::vector<ChatMessage> parse_chat(std::string_view json);

/// The file holds at least one message. Throws std::runtime_error `[read_chat] FILE: …`.
std::vector<ChatMessage> read_chat_file(const std::filesystem::path& path);

}  // namespace circuit
