// Makes splitting patterns treat characters newer than the regex library's Unicode tables (14 in
// PCRE2 10.42) as Hugging Face's library does, whose tables are Unicode 16.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace circuit {

/// A copy of `text` in which each character added by Unicode 15 to 16 is replaced by an older one
/// of the same category and the same number of bytes, so that matches keep their offsets; nothing
/// when there is none to replace. Requires valid UTF-8.
std::optional<std::string> with_stand_ins(std::string_view text);

}  // namespace circuit
